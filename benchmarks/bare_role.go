package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/spf13/pflag"

	"github.com/halfstep-ml/halfstep/benchmarks/bare"
	"github.com/halfstep-ml/halfstep/benchmarks/process"
	"github.com/halfstep-ml/halfstep/features"
)

// bareRole is the first argument that makes this program the bare handler: it is measured in a process of its own.
const bareRole = "bare"

func serveBare(ctx context.Context) error {
	flags := pflag.NewFlagSet(bareRole, pflag.ContinueOnError)
	redis := flags.String("redis", "", "host:port")
	bundles := flags.String("bundles", "", "folder of bundles")
	if err := flags.Parse(os.Args[2:]); err != nil {
		return err
	}
	server, err := bare.New(bare.Options{Redis: *redis, Bundles: os.DirFS(*bundles), Features: features.Default()})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	process.Announce(listener.Addr().String())
	return server.Serve(ctx, listener)
}

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/server/app"
	"github.com/halfstep-ml/halfstep/server/config"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve customers over HTTP", Args: cobra.NoArgs,
		Long: `Serve customers over HTTP. Without settings: a store in ./data, the features and bundles that ship, on 127.0.0.1:8080.
Every flag is also a key of the settings file (--config) and a variable of the environment (--store-timeout is store_timeout and
HALFSTEP_STORE_TIMEOUT); a flag goes over the environment, that over the file. SIGHUP reads features, bundles and the playbook again.`,
	}
	config.Register(cmd.Flags())
	show := cmd.Flags().Bool("print-config", false, "print the settings, secrets hidden, and exit")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		settings, err := config.Load(cmd.Flags(), os.LookupEnv)
		if err != nil {
			return fmt.Errorf("settings:\n%w", err)
		}
		if *show {
			text, err := settings.Print()
			if err == nil {
				_, err = io.WriteString(cmd.OutOrStdout(), text)
			}
			return err
		}
		return runs(func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), settings, cmd) })(cmd, nil)
	}
	return cmd
}

// gcPercent lets garbage grow to several times what is live before it is collected. A server holds some ten megabytes, and at Go's
// default it would collect many times a second, each time at the cost of some request's latency.
const gcPercent = 400

func serve(ctx context.Context, settings config.Config, cmd *cobra.Command) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log := app.NewLogger(&settings, cmd.ErrOrStderr())
	a, err := app.Open(ctx, app.Options{Config: settings, Log: log, Version: version()})
	if err != nil {
		return err
	}
	stop := reloadOnHangup(ctx, a)
	defer stop()
	fmt.Fprint(cmd.OutOrStdout(), a.Welcome())
	return a.Run(ctx)
}

// reloadOnHangup reads features and bundles again at every SIGHUP until it is stopped.
func reloadOnHangup(ctx context.Context, a *app.App) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range hangups {
			_ = a.Reload(ctx) // it logs what is wrong
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
		<-done
	}
}

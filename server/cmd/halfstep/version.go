package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/server/httpapi"
)

// release is set by the linker.
var release = "dev"

func version() httpapi.Version {
	v := httpapi.Version{Version: release, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	return v
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print what this binary is", Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error {
			v := version()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "halfstep %s %s %s %s/%s\n", v.Version, v.Revision, v.Go, runtime.GOOS, runtime.GOARCH)
			return err
		}),
	}
}

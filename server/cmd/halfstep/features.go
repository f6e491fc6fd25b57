package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/server/app"
)

func featuresCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "features", Short: "Look at a features file"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check FILE", Short: "Say everything that is wrong with a features file", Args: cobra.ExactArgs(1),
			RunE: runs(func(cmd *cobra.Command, args []string) error {
				set, err := app.LoadFeatures(args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d features, revision %s\n", args[0], set.Len(), set.Revision())
				return err
			}),
		},
		&cobra.Command{
			Use: "list [FILE]", Short: "List the features of a file, or those that ship", Args: cobra.MaximumNArgs(1),
			RunE: runs(listFeatures),
		},
	)
	return cmd
}

func listFeatures(cmd *cobra.Command, args []string) error {
	path := ""
	if len(args) == 1 {
		path = args[0]
	}
	set, err := app.LoadFeatures(path)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tMEANING\tUNIT")
	for _, f := range set.Features() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Name, f.Meaning, f.Unit)
	}
	return w.Flush()
}

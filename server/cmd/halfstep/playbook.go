package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/server/app"
	"github.com/halfstep-ml/halfstep/server/playbook"
)

func playbookCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "playbook", Short: "Look at a playbook"}
	cmd.AddCommand(checkPlaybook(), explainPlaybook())
	return cmd
}

func checkPlaybook() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check FILE", Short: "Say everything that is wrong with a playbook", Args: cobra.ExactArgs(1),
	}
	features := cmd.Flags().String("features", "", "features file that conditions may read (the one that ships)")
	tasks := cmd.Flags().StringSlice("tasks", playbook.StandardTasks(), "tasks whose predictions conditions may read")
	intents := cmd.Flags().StringSlice("intents", nil, "intents that conditions may read (any)")
	cmd.RunE = runs(func(cmd *cobra.Command, args []string) error {
		set, err := app.LoadFeatures(*features)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(args[0])
		if err != nil {
			return fmt.Errorf("read playbook: %w", err)
		}
		book, err := playbook.Parse(data, playbook.Vocabulary{Features: set, Tasks: *tasks, Intents: *intents})
		var problems playbook.Problems
		if errors.As(err, &problems) {
			for _, p := range problems {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s:%v\n", args[0], p)
			}
			return fmt.Errorf("%s is not fit to serve", args[0])
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "ok %s (%d plays, %d actions)\n", book.Revision, len(book.Plays), len(book.Actions))
		return err
	})
	return cmd
}

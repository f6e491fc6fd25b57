package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundle"
	"github.com/halfstep-ml/halfstep/models/ort"
	"github.com/halfstep-ml/halfstep/server/app"
)

func bundleCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "bundle", Short: "Look at a model version"}
	cmd.AddCommand(verifyBundle(), &cobra.Command{
		Use: "inspect DIR", Short: "Print what a bundle says of itself", Args: cobra.ExactArgs(1),
		RunE: runs(func(cmd *cobra.Command, args []string) error {
			b, err := bundle.Read(os.DirFS(args[0]))
			if err != nil {
				return err
			}
			text, err := yaml.Marshal(b.Manifest)
			if err == nil {
				_, err = cmd.OutOrStdout().Write(text)
			}
			return err
		}),
	})
	return cmd
}

// verify loads a bundle of either kind, as the server does.
func verify(ctx context.Context, folder fs.FS, set *features.FeatureSet, runtime *ort.Runtime) (*bundle.Bundle, error) {
	m, err := models.Load(ctx, folder, set, runtime)
	if err == nil {
		return m.Bundle, m.Close()
	}
	if !errors.Is(err, bundle.ErrKind) {
		return nil, err
	}
	text, err := models.LoadText(ctx, folder, runtime)
	if err != nil {
		return nil, err
	}
	return text.Bundle, text.Close()
}

func verifyBundle() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify DIR", Short: "Check a bundle as the server does before it serves", Args: cobra.ExactArgs(1),
	}
	features := cmd.Flags().String("features", "", "features file (the one that ships)")
	library := cmd.Flags().String("library", "", "ONNX Runtime's shared library (the one in the binary, or in the checkout)")
	cmd.RunE = runs(func(cmd *cobra.Command, args []string) error {
		set, err := app.LoadFeatures(*features)
		if err != nil {
			return err
		}
		runtime, err := ort.Start(ort.Options{Library: *library})
		if err != nil {
			return err
		}
		b, err := verify(cmd.Context(), os.DirFS(args[0]), set, runtime)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is sound: %d inputs, %d golden rows\n", b.ID(), len(b.Inputs), len(b.Golden.Scores))
		return err
	})
	return cmd
}

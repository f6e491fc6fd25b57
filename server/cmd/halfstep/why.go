package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/halfstep-ml/halfstep/server/app"
	"github.com/halfstep-ml/halfstep/server/config"
	"github.com/halfstep-ml/halfstep/server/why"
)

// asking is what the why command was asked for.
type asking struct {
	url, store, key, bundles, library string
	json                              bool
}

// errDifferent fails the command when a decision does not come out the same.
var errDifferent = errors.New("the decision does not come out the same")

func whyCommand() *cobra.Command {
	var a asking
	cmd := &cobra.Command{
		Use: "why DECISION_ID", Short: "Make a past decision again and show every step of it",
		Long: `Make a past decision again, from its record and what served then, and show every step of it. It ends with "identical", or with the
first difference and exit code 1. The record comes from a running server (--url) or from a store that no server has open (--store).`,
		Args: cobra.ExactArgs(1),
	}
	f := cmd.Flags()
	f.StringVar(&a.url, "url", "http://127.0.0.1:8080", "the server")
	f.StringVar(&a.key, "key", os.Getenv("HALFSTEP_KEY"), "API key of role score, when the server wants one (HALFSTEP_KEY)")
	f.StringVar(&a.store, "store", "", "the store's URL, instead of a server")
	f.StringVar(&a.bundles, "bundles", "", "with --store, the folder of the bundles (those that ship)")
	f.StringVar(&a.library, "library", "", "with --store, ONNX Runtime's shared library (the one in the binary, or in the checkout)")
	f.BoolVar(&a.json, "json", false, "print the report as JSON")
	cmd.MarkFlagsMutuallyExclusive("url", "store")
	f.Lookup("key").DefValue = ""
	cmd.RunE = runs(func(cmd *cobra.Command, args []string) error { return a.run(cmd, args[0]) })
	return cmd
}

func (a *asking) run(cmd *cobra.Command, id string) error {
	report, err := a.report(cmd.Context(), id)
	if err != nil {
		return err
	}
	if a.json {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", "  ")
		err = e.Encode(report)
	} else {
		err = why.Print(cmd.OutOrStdout(), report)
	}
	if err == nil && !report.Identical {
		err = errDifferent
	}
	return err
}

func (a *asking) report(ctx context.Context, id string) (*why.Report, error) {
	if a.store == "" {
		return a.ask(ctx, id)
	}
	settings := config.Default()
	settings.Store, settings.Bundles, settings.Library = a.store, a.bundles, a.library
	return app.Why(ctx, settings, id)
}

// ask gets the report from a server.
func (a *asking) ask(ctx context.Context, id string) (*why.Report, error) {
	base, err := url.Parse(a.url)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("url: got %q, expected one such as http://127.0.0.1:8080", a.url)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("decisions", url.PathEscape(id), "why").String(), nil)
	if err != nil {
		return nil, err
	}
	if a.key != "" {
		request.Header.Set("Authorization", "Bearer "+a.key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	var answer struct {
		why.Report
		Title, Detail string
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("the server answered %s, which is no JSON", response.Status)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", response.Status, answer.Title, answer.Detail)
	}
	return &answer.Report, nil
}

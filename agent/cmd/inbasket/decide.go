package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/mapping/diag"
)

func decideCommand(a *app) *cobra.Command {
	var r control.DecideRequest
	var documents []string
	cmd := &cobra.Command{
		Use:   "decide ID OUTCOME",
		Short: "Record a person's decision, with its documents",
		Long:  "Decide tells the front office what the office has ruled: OUTCOME is approved, refused, or another word that the front office knows.",
		Example: `  inbasket decide 06B2Q8WVN3K7T approved --case 4711 --document permit.pdf
  inbasket decide 06B2Q8WVN3K7T refused --reason "outside the building line"`,
		Args: args("ID", "OUTCOME"),
		RunE: func(cmd *cobra.Command, given []string) error {
			ids, err := parseIDs(given[:1])
			if err != nil {
				return err
			}
			r.ID, r.Outcome = ids[0], given[1]
			if err := outcomeWord(r.Outcome); err != nil {
				return err
			}
			uploads, err := uploadsOf(documents)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return a.agent(ctx, func(c *control.Client) error {
				s, err := c.Decide(ctx, r, uploads)
				if err != nil {
					return err
				}
				return a.settled([]control.Settled{s}, "decided: "+r.Outcome)
			}, nil)
		},
	}
	cmd.Flags().StringVar(&r.CaseNumber, "case", "", "case number of the back office")
	cmd.Flags().StringVar(&r.Reason, "reason", "", "reason, as the front office reads it")
	cmd.Flags().StringArrayVar(&documents, "document", nil, "file that goes with the decision; may be repeated")
	return cmd
}

// outcomeWord refuses what looks like a slip: the front office is told at once, and cannot be untold.
func outcomeWord(word string) error {
	usual := []string{"approved", "refused"}
	if s := diag.Suggest(word, usual); s != "" && s != word {
		return usagef("%q is not approved or refused; did you mean %q?", word, s)
	}
	if strings.TrimSpace(word) == "" {
		return usagef("decide needs an outcome: approved, refused, or another word that the front office knows")
	}
	return nil
}

// uploadsOf looks at the files first, so that nothing is decided when one is missing.
func uploadsOf(paths []string) ([]control.Upload, error) {
	var out []control.Upload
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, usagef("%s is not a file", path)
		}
		out = append(out, control.Upload{Name: filepath.Base(path), ContentType: typeOf(path), Open: func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	return out, nil
}

package setup

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/frontoffice"
)

func token(a *cli.App) *cobra.Command {
	return cli.Group("token", "Tokens of front offices", &cobra.Command{
		Use:   "new OFFICE",
		Short: "Make a token for a front office, and the hash of it for the configuration",
		RunE: func(_ *cobra.Command, given []string) error {
			secret, hash := frontoffice.NewToken()
			answer := struct {
				Office string `json:"office"`
				Token  string `json:"token"`
				Hash   string `json:"hash"`
			}{given[0], secret, hash}
			return a.Print(answer, func(w io.Writer) {
				fmt.Fprintf(w, "token, for %s only; it is not shown again:\n  %s\n", given[0], secret)
				fmt.Fprintf(w, "its hash, for the configuration:\n  front-offices:\n    %s:\n      tokens: [\"%s\"]\nthen: inbasket reload\n", given[0], hash)
			})
		},
	})
}

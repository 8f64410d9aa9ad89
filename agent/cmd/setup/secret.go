package setup

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/secret"
	"github.com/inbasket/inbasket/connectors"
)

// secretAnswer names a secret and how the configuration refers to it.
type secretAnswer struct {
	Name      string `json:"name"`
	Reference string `json:"reference"`
}

func secrets(a *cli.App) *cobra.Command {
	identity := ""
	open := func() (secret.Store, string, error) { return config.SecretStore(a.ConfigPath(), identity, a.Getenv) }
	cmd := cli.Group("secret", "Keep passwords and keys sealed, for the configuration to refer to", secretSet(a, open), secretList(a, open), secretRemove(a, open), secretKeygen(a))
	cmd.PersistentFlags().StringVar(&identity, "identity", "", "file of the age key (default: what secrets.age.identity refers to)")
	return cmd
}

// openSecrets opens the place for secrets, and tells by which word references name it.
type openSecrets func() (store secret.Store, kind string, err error)

func secretSet(a *cli.App, open openSecrets) *cobra.Command {
	return &cobra.Command{
		Use:   "set NAME",
		Short: "Set a secret, or replace it: asks for it, or reads standard input",
		Args: func(cmd *cobra.Command, given []string) error {
			if len(given) > 1 { // before anything prints it
				return cli.Usagef("a secret is not given on the command line: others can read it there, and the shell remembers it\n    inbasket secret set %s asks for it; change the one that was written out", given[0])
			}
			return cli.Args("NAME")(cmd, given)
		},
		RunE: func(cmd *cobra.Command, given []string) error {
			name := given[0]
			if err := secret.CheckName(name); err != nil {
				return err
			}
			store, kind, err := open()
			if err != nil {
				return err
			}
			value, err := askSecret(a, name)
			if err != nil {
				return err
			}
			err = a.Noted(cmd.Context(), a.ConfigPath(), "secret-set", name, func() error { return store.Set(name, value) })
			if err != nil {
				return err
			}
			answer := referTo(kind, name)
			return a.Print(answer, func(w io.Writer) {
				fmt.Fprintf(w, "%s is set; the configuration names it \"%s\"; then: inbasket reload\n", name, answer.Reference)
			})
		},
	}
}

func referTo(kind, name string) secretAnswer {
	return secretAnswer{Name: name, Reference: "${" + kind + ":" + name + "}"}
}

func secretList(a *cli.App, open openSecrets) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the names of the secrets, never themselves",
		RunE: func(*cobra.Command, []string) error {
			store, kind, err := open()
			if err != nil {
				return err
			}
			names, err := store.Names()
			if err != nil {
				return err
			}
			list := make([]secretAnswer, 0, len(names))
			for _, name := range names {
				list = append(list, referTo(kind, name))
			}
			return a.Print(struct {
				Secrets []secretAnswer `json:"secrets"`
			}{list}, func(w io.Writer) {
				cli.SayIf(w, len(list) == 0, "no secrets yet: inbasket secret set NAME\n")
				for _, s := range list {
					fmt.Fprintf(w, "%s\n", s.Reference)
				}
			})
		},
	}
}

func secretRemove(a *cli.App, open openSecrets) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a secret",
		RunE: func(cmd *cobra.Command, given []string) error {
			store, kind, err := open()
			if err != nil {
				return err
			}
			err = a.Noted(cmd.Context(), a.ConfigPath(), "secret-remove", given[0], func() error { return store.Remove(given[0]) })
			if err != nil {
				return err
			}
			return a.Print(referTo(kind, given[0]), func(w io.Writer) { fmt.Fprintf(w, "%s is removed\n", given[0]) })
		},
	}
}

func secretKeygen(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "keygen FILE",
		Short: "Make an age key, which opens the file with the secrets",
		RunE: func(_ *cobra.Command, given []string) error {
			text, public, err := secret.NewKey()
			if err != nil {
				return err
			}
			path := given[0]
			if err := cli.NewFile(path, 0o600, "name another file; with the key that is there its secrets would be lost", cli.Text(text)); err != nil {
				return err
			}
			return a.Print(struct {
				File   string `json:"file"`
				Public string `json:"publicKey"`
			}{path, public}, func(w io.Writer) {
				fmt.Fprintf(w, "the key is in %s; its public half: %s\n", path, public)
				fmt.Fprintf(w, "for the configuration, as a file:\n  secrets: {age: {file: secrets.age, identity: \"${file:%s}\"}}\n", filepath.ToSlash(absolute(path)))
				fmt.Fprintln(w, "or, when systemd hands it over as the credential age-key:\n  secrets: {age: {file: secrets.age, identity: \"${credential:age-key}\"}}")
			})
		},
	}
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// askSecret gets a secret from the terminal, without showing it, or from standard input.
func askSecret(a *cli.App, name string) (string, error) {
	value, err := hidden(a, name)
	if err != nil {
		return "", err
	}
	switch {
	case value == "":
		return "", connectors.Errorf(connectors.ItemError, secret.CodeValue, "set the secret "+name, "type it, or give it on standard input", "it is empty")
	case len(value) > secret.MaxSize:
		return "", connectors.Errorf(connectors.ItemError, secret.CodeValue, "set the secret "+name, "a password or a key is far smaller; was the right file given?", "it is larger than 64 KiB")
	case strings.ContainsRune(value, 0):
		return "", connectors.Errorf(connectors.ItemError, secret.CodeValue, "set the secret "+name, "give a text; encode a binary key first, as its system expects it", "it is no text")
	}
	return value, nil
}

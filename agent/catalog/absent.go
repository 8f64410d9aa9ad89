package catalog

import (
	"errors"
	"os"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/connectors"
)

// AbsentFiles tells which certificates and keys of connectors cannot be read. A running agent does without
// such a connector until they can; whoever checks or reloads a configuration is told.
func AbsentFiles(cfg *config.Config) error {
	var errs []error
	look := func(what, name string, d connectors.Definition, c any) {
		s, ok := c.(connectors.Surrounded)
		if !ok {
			return
		}
		for _, f := range s.Surroundings(connectors.Env{Name: name, Dir: cfg.Dir}, d.Type).Certificates {
			for _, path := range []string{f.Path, f.Key} {
				if err := readable(path); err != nil {
					errs = append(errs, NotOpened(what, name, err))
				}
			}
		}
	}
	for _, x := range cfg.Inbaskets {
		look(health.Inbasket, x.Name, x.Definition, x.Config)
	}
	for _, x := range cfg.Targets {
		look(health.Target, x.Name, x.Definition, x.Config)
	}
	for _, x := range cfg.Results {
		look(health.Results, x.Name, x.Definition, x.Config)
	}
	for _, x := range cfg.FrontOffices {
		if x.Push != nil {
			look(health.FrontOffice, x.Name, x.Push.Definition, x.Push.Config)
		}
	}
	return errors.Join(errs...)
}

func readable(path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

package doctor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/inbasket/inbasket/mapping/diag"
)

// configuration reads the file as it is now, and all mappings.
func configuration(_ context.Context, x *exam, n *notes) {
	var problems diag.Problems
	switch {
	case errors.As(x.loaded, &problems):
	case x.loaded != nil:
		n.fail(filepath.Base(x.Path), CodeUpgradeConfig, "the configuration cannot be read: "+why(x.loaded), "name it by --config, and let the agent's account read it")
		return
	default:
		cfg, err := x.Load()
		if err != nil {
			return // it changed at this moment
		}
		if x.Mappings != nil {
			_, problems = x.Mappings(cfg)
		}
		warnings(n, cfg.Warnings)
		if len(problems) == 0 {
			n.ok(filepath.Base(x.Path), fmt.Sprintf("%s, %s, %s", count(len(cfg.Routes), "route"), count(len(cfg.Targets), "target"), count(len(cfg.Inbaskets), "in-basket")))
		}
	}
	cure := "correct it, and see it whole by: inbasket check"
	if x.InForce != nil && len(problems) > 0 {
		cure = "the agent still works by the one before and would not start with this one; " + cure
	}
	for _, p := range problems {
		n.fail(place(p), p.Code, p.Message, cure)
	}
}

// warnings passes on what the configuration itself warns of, such as secrets that cannot be read here.
func warnings(n *notes, list diag.Problems) {
	for _, p := range list {
		cure := p.Suggestion
		if cure == "" {
			cure = "look whether the agent's account can read it: inbasket doctor --as-service"
		}
		n.warn(place(p), p.Code, p.Message, cure)
	}
}

// place says where a problem is; never the source line, which may hold anything.
func place(p diag.Problem) string {
	if p.Line == 0 {
		return filepath.Base(p.File)
	}
	return fmt.Sprintf("%s:%d", filepath.Base(p.File), p.Line)
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

package load

import "github.com/inbasket/inbasket/connectors"

// Catalog tells what the agent's configuration has. A nil Catalog accepts any target.
type Catalog interface {
	Target(name string) (TargetInfo, bool)
	Targets() []string
}

// TargetInfo is what check must know about a target.
type TargetInfo struct {
	Operations connectors.Operations // Put: layouts and documents; the others: tables
	Returning  bool                  // gives values back
	Binary     bool                  // takes bytes that are no text
	Batch      bool                  // deliveries travel in batches
	Results    bool                  // can be asked for results
	Files      bool                  // it is no target, but where answer files come from
	Guarantee  connectors.Guarantee
}

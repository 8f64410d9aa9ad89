// Package all knows every connector. A new one is one line here.
package all

import (
	"slices"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files"
	"github.com/inbasket/inbasket/connectors/smtp"
	"github.com/inbasket/inbasket/connectors/sqldb"
	"github.com/inbasket/inbasket/connectors/webhook"
)

// Registry returns the definitions of all connectors.
func Registry() connectors.Registry {
	return slices.Concat(
		files.Definitions(),
		sqldb.Targets(),
		[]connectors.Definition{smtp.Definition(), webhook.Definition()},
	)
}

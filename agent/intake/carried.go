package intake

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/agent/waiting"
	"github.com/inbasket/inbasket/connectors"
)

// carried are the files in a form. What breaks while they are looked for breaks again where the form is read, and is told there.
func carried(r *prepare.Route, form []byte) (files []connectors.Attachment) {
	defer func() { _ = recover() }()
	return r.Plan.Carried(form)
}

// keepCarried puts the files in a posted form into the content store; the error is for who posted it.
func (f *Intake) keepCarried(ctx context.Context, a *arrival) error {
	for _, at := range carried(a.route, a.entry.Form) {
		file, failed := waiting.Keep(ctx, f.Content, at)
		if failed != nil {
			f.Log.Error().Str("code", failed.Item("").Code).Str("front-office", a.route.Office).Msg("a file in a posted form could not be kept; the front office was asked to repeat it")
			return frontoffice.Unavailable(10 * time.Second)
		}
		a.entry.Attachments = append(a.entry.Attachments, file)
	}
	return nil
}

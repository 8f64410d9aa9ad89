package prepare

import (
	"errors"
	"strings"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/encode"
)

// Codes of forms that cannot be mapped. Each is stable; docs/errors.md is generated from this list.
const (
	CodeUndecodable = "form.undecodable"          // the form is not well-formed in the mapping's format; ask the sender for a new one, then inbasket reject
	CodeFormWrong   = "form.wrong"                // the form broke the schema or a rule of the mapping; the front office was told which fields and why
	CodePartly      = "form.partly-delivered"     // the form is wrong for one target while another has it already; mend the mapping and retry, or reject with --force
	CodeMapping     = "mapping.failed"            // the mapping cannot handle this form though the form is right; mend the mapping, then inbasket retry --mapping NEW
	CodePlan        = "mapping.missing"           // the pinned mapping cannot be read from the journal; restore the journal from backup
	CodeTaken       = "submission.returned-taken" // what a person says that a target returned was returned to another submission: decisions about one would reach both; say the value of its own row, or --force where several may have it
	CodeReturned    = "submission.returned"       // what a person says that a target returned is not what the mapping names, or lacks what another target waits for; say inbasket confirm --returned NAME=VALUE for each
	CodeEnded       = "submission.ended"          // a new mapping of a submission needs a value that a finished delivery did not return, or writes more to its target, which nobody would ever write, or comes after its front office was told that it is delivered, decided or rejected; write that by hand, or let the mapping ask for what there is; of what was told before, retry without --mapping, inbasket confirm or inbasket reject --force settle what is parked
	CodeNumber      = "restore.sequence"          // the journal was restored from a backup, and which numbers of a sequence were given since is not known; look for the highest one at the targets, say it by inbasket sequences set SERIES NUMBER, then inbasket retry --code restore.sequence
	CodeName        = "file.name"                 // the name of a file cannot be made from its template; mend the template
)

// WrongForm says why a form is rejected whose fields are wrong.
func WrongForm() journal.Reason {
	return journal.Reason{Code: CodeFormWrong, Text: "the form is wrong: see the field errors", Next: "the front office was told"}
}

// FieldErrors are those of a mapping as the journal keeps them.
func FieldErrors(in []mapping.FieldError) []journal.FieldError {
	out := make([]journal.FieldError, len(in))
	for i, e := range in {
		out[i] = journal.FieldError{Pointer: e.Pointer, Code: e.Code, Message: e.Message}
	}
	return out
}

// WhyParked says for people why a form that is not wrong would be parked, with the code and what to do.
func WhyParked(err error) string {
	why := Unmapped(err)
	if why.Raw != "" {
		why.Text += ": " + why.Raw
	}
	return why.Text + " [" + why.Code + "]; " + why.Next
}

// Unmapped says why a form that is not wrong cannot be mapped.
func Unmapped(err error) journal.Reason {
	var d *decode.Error
	var fault *mapping.Fault
	var nothing *mapping.Nothing
	var unknown *mapping.Unknown
	var foreign *mapping.NotTaken
	var layout *encode.FieldError
	var unnumbered *noNumber
	switch {
	case errors.As(err, &d):
		return Undecodable(err)
	case errors.As(err, &unnumbered):
		return unnumbered.reason()
	case errors.As(err, &fault):
		return journal.Reason{Code: fault.Code(), Text: fault.Error(), Next: fault.Next()}
	case errors.As(err, &layout): // of a header, a trailer or a control file: what a form says is encoded before
		return Unmapped(&mapping.Fault{At: strings.TrimSuffix(layout.Write+"."+layout.Field, "."), Made: true,
			Cause: mapping.FieldError{Code: layout.Code, Message: layout.Message}})
	case errors.As(err, &nothing):
		return journal.Reason{Code: mapping.CodeNothing, Text: err.Error(), Next: "mend the mapping and inbasket retry --mapping NEW, or end it: inbasket confirm (as done) or inbasket reject"}
	case errors.As(err, &foreign):
		return journal.Reason{Code: mapping.CodeNotMine, Text: err.Error(), Next: "have it sent where it belongs, then inbasket reject; or mend input.when, then inbasket retry --mapping NEW"}
	case errors.As(err, &unknown):
		return journal.Reason{Code: mapping.CodeUnknown, Text: err.Error(), Next: "use the fields or name them under ignore, then inbasket retry --mapping NEW; or inbasket reject"}
	}
	return journal.Reason{Code: CodeMapping, Text: "the mapping cannot handle this form", Next: "mend the mapping, then inbasket retry --mapping NEW", Raw: err.Error()}
}

// Undecodable says why a form cannot be read: it is not well-formed, or larger than its mapping allows, which its sender
// cannot know.
func Undecodable(err error) journal.Reason {
	var d *decode.Error
	if !errors.As(err, &d) { // it is well-formed, and not what the mapping takes
		return Unmapped(err)
	}
	if d.Limit() != "" {
		return Unmapped(&mapping.Fault{At: "the form", Pointer: d.Pointer, Limit: d.Limit(),
			Cause: mapping.FieldError{Code: d.Code, Message: "is larger than input.limits." + d.Limit() + " allows: " + d.Error()}})
	}
	next := "ask the sender for a well-formed one, then reject this"
	if d.Code == decode.CodeForms {
		next = "mend the file, or input.forms in a new version of the mapping, and put it into the in-basket again, where it is taken apart; then reject this"
	}
	return journal.Reason{Code: CodeUndecodable, Text: "the form cannot be decoded: " + err.Error(), Next: next}
}

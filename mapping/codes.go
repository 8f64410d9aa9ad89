package mapping

// Codes of forms that are parked though nothing in them is wrong.
const (
	CodeWrong   = "mapping.wrong"        // the mapping is wrong, not the form: the message says where; mend it, then inbasket retry --mapping NEW
	CodeNothing = "form.nothing-written" // the mapping gives nothing for any target, so that nothing stands anywhere: a condition is never true, or a list is empty; mend the mapping and inbasket retry --mapping NEW, say nothing: allow in it, inbasket confirm it as done, or reject
	CodeUnknown = "form.unknown-field"   // the form has fields that neither the mapping nor its schema knows, and the mapping says unknown: park; use them or name them under ignore in a new version and inbasket retry --mapping NEW, or reject
	CodeNotMine = "form.not-taken"       // the form is another mapping's: input.when of this one is not true for it; send it where it belongs, or give it another route and reject it here
	CodeList    = "mapping.list"         // what is used as a list is not declared as one, or a list is used as one value; or what the mapping reads as one value repeats in a form, which is parked: name it in input.lists and say with first(), each or an index which is meant
)

package states

// Submission is what decides about a submission beside its deliveries.
type Submission struct {
	State  State
	Flags  int64
	Office bool // a front office is owed the result
}

// Settled is what follows for a submission from its deliveries.
type Settled struct {
	Submission
	Cleared bool // why it was parked holds no longer
	Tell    bool // its front office is to be told that it is delivered
	Last    bool // and that this is the last event
}

// Settle derives a submission's state from its deliveries. final says that no decision is expected.
func Settle(s Submission, deliveries []Progress, final bool) (out Settled) {
	out.Submission = s
	left, held := 0, 0
	for _, p := range deliveries {
		if p.Left() {
			left++
		}
		if p == Held {
			held++
		}
	}
	if final {
		out.Flags |= FlagFinal
	}
	if s.State == Rejected || s.State == Closed && left > 0 {
		return out
	}
	if s.State == Accepted || s.State == Parked {
		switch {
		case s.Flags&FlagWhole != 0:
			return out
		case held > 0:
			out.State = Parked
		case left > 0:
			out.State, out.Cleared = Accepted, s.State == Parked
		default:
			out.State = Delivered
		}
	}
	if left > 0 {
		return out
	}
	out.Cleared = out.Cleared || out.State == Delivered
	out.delivered()
	return out
}

// delivered tells once that everything is delivered, and closes what nobody waits for.
func (s *Settled) delivered() {
	if s.Flags&FlagTold == 0 {
		s.Flags |= FlagTold
		s.Tell, s.Last = s.Office, s.Flags&FlagFinal != 0 && s.State == Delivered
	}
	if s.State == Decided && s.Flags&FlagHeard != 0 {
		s.State = Closed
	}
	if !s.Office && (s.State == Decided || s.State == Delivered && s.Flags&FlagFinal != 0) {
		s.State = Closed // nobody waits to be told
	}
}

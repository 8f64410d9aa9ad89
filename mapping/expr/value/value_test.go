package value

import "testing"

// TestNumber is how the text of a JSON number becomes a value: exact, without exponent, and no number of too many digits.
func TestNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		kind Kind
		want string
	}{
		{"7", KindInt, "7"}, {"-7", KindInt, "-7"}, {"9223372036854775808", KindDecimal, "9223372036854775808"},
		{"1.50", KindDecimal, "1.50"}, {"-0.0", KindDecimal, "0.0"}, {"1e3", KindDecimal, "1000"}, {"1.5e-2", KindDecimal, "0.015"},
		{"1e999999999", KindText, "1e999999999"}, {"x", KindText, "x"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			v := Number(c.text)
			if s, _ := v.Text(); v.Kind != c.kind || s != c.want {
				t.Errorf("%s %s, want %s %s", KindName(v.Kind), s, KindName(c.kind), c.want)
			}
		})
	}
}

// TestRun is what a computation leaves behind: its first failure, whose value caused it, and what a value is made of.
func TestRun(t *testing.T) {
	t.Parallel()
	a, b := Int(1), Int(2)
	a.Src, b.Src = 1, 2
	var r Run
	sum := r.Calculated('+', a, b)
	if got := r.Sources(sum.Src); len(got) != 2 || got[0] != 1 || got[1] != 2 || sum.Int != 3 {
		t.Errorf("%d is made of %v", sum.Int, got)
	}
	zero := Int(0)
	zero.Src = 3
	r.Calculated('/', sum, zero)
	r.Fail(CodeNotText, "a second failure")
	if r.Err == nil || r.Err.Code != CodeDivide || r.Err.Src != 3 {
		t.Errorf("failure %+v", r.Err)
	}
	if r.Restart(Budget{Steps: 1}); r.Err != nil || !r.Step() || r.Step() || r.Err.Limit != "work" {
		t.Errorf("after the budget is spent: %+v", r.Err)
	}
}

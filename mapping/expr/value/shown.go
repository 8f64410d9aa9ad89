package value

import "fmt"

// ShownValue writes a value of the mapping's own for a message.
func Shown(v Value) string {
	s, ok := v.Text()
	if !ok {
		return KindName(v.Kind)
	}
	if short := Cut(s, 40); short != s {
		s = short + "…"
	}
	if v.Kind == KindText {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// Cut keeps the first n characters.
func Cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

package config

import "testing"

// TestCovers tells of a route that another one before it hides, and of none that gets forms yet.
func TestCovers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, this string
		covers       bool
	}{
		{"", "dog-*", true}, {"*", "dog-*.xml", true}, {"*.xml", "dog-*.xml", true}, {"dog-*", "dog-*.xml|dog-?.csv", true}, {"*.xml | *.csv", "a.xml|b*.csv", true},
		{"?*", "?*.xml", true}, {"[^_]*.xml", "[^_]*.xml", true}, {"*", "[^_]*.xml", true}, {"*.xml", "[ab]*.xml", true}, {"a", "a", true},
		{"dog-*", "", false}, {"dog-*", "*", false}, {"*.xml", "*.x", false}, {"?*", "*", false},
		{"[^_]*", "?*", false}, {"[^_]*.xml", "?*.xml", false}, {"[\x01-\x7f]*", "?*", false}, {"dog-[^x]", "dog-?", false}, {"dog-[^x]*", "dog-x*", false},
		{"a|a?|a?.?", "a*", false}, {"[ab]*.xml", "[abc]*.xml", false}, {`dog-\**`, `dog-\**`, true}, {"dog-*", `dog-\**`, false},
	} {
		if got := (Route{Match: c.before}).Covers(Route{Match: c.this}); got != c.covers {
			t.Errorf("%s before %s: %v", c.before, c.this, got)
		}
	}
}

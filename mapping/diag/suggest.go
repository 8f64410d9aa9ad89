package diag

import (
	"strings"
	"unicode/utf8"
)

// Suggest returns the candidate that a mistyped word most likely means, or "" when none is near. Case and
// the difference between - and _ count little.
func Suggest(word string, candidates []string) string {
	best, least := "", -1
	for _, c := range candidates {
		d := distance(fold(word), fold(c))
		if limit := max(1, max(utf8.RuneCountInString(word), utf8.RuneCountInString(c))/3); d > limit {
			continue
		}
		if least < 0 || d < least {
			best, least = c, d
		}
	}
	return best
}

// DidYouMean returns a suggestion for a mistyped word: the nearest candidate, else the whole list when it is short.
func DidYouMean(word string, candidates []string) string {
	if s := Suggest(word, candidates); s != "" {
		return `did you mean "` + s + `"?`
	}
	if len(candidates) == 0 || len(candidates) > 30 {
		return ""
	}
	return "possible here: " + strings.Join(candidates, ", ")
}

func fold(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "_", "-")
}

// distance is the number of inserted, removed, changed and swapped characters (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 100 || len(y) > 100 {
		return 100
	}
	before, prev, cur := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(y)]
}

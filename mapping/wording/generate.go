package wording

//go:generate go test -count=1 -run TestReference -update .

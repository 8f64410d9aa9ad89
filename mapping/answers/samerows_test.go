package answers_test

import (
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/answers"
)

func TestShares(t *testing.T) {
	const first = "select ID, STATUS from DECISION where SENT is null"
	for query, want := range map[string]answers.Sharing{
		first: answers.SharesAll,
		"SELECT id, reason, pdf\n  FROM decision -- all\n WHERE sent IS NULL ORDER BY id;":                         answers.SharesAll,
		`select (select max(N) from PAGE) as N, STATUS from "DECISION" where SENT is null fetch first 5 rows only`: answers.SharesAll,
		"select ID from DECISIONS where SENT is null":                                                              answers.SharesNothing,
		"select ID from REG.DECISION d where d.SENT is null":                                                       answers.MayShare,
		"select ID from DECISION where SENT is null and KIND = 'A'":                                                answers.MayShare,
		"select ID from (select * from DECISION) x":                                                                answers.SharesNothing,
		"call DECISIONS()": answers.SharesNothing,
	} {
		if got := answers.Shares(connectors.Question{Query: first}, connectors.Question{Query: query}); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want answers.Sharing
	}{
		{"select 1 from D where KIND = 'A' and SENT is null", "select 1 from D where SENT is null and d.kind='B'", answers.SharesNothing},
		{"select 1 from D where KIND in ('A', 'C')", "select 1 from D where KIND = 'B'", answers.SharesNothing},
		{"select 1 from D where KIND in ('A', 'C')", "select 1 from D where KIND = 'C'", answers.MayShare},
		{"select 1 from D where KIND = 'a'", "select 1 from D where KIND = 'A'", answers.SharesNothing},
		{"select 1 from a.D where X = 1", "select 1 from b.D where X = 1", answers.SharesNothing},
		{`select 1 from "a"."D"`, "select 1 from A . D", answers.SharesAll},
		{`select 1 from D where X = ""`, "select 1 from D where X = 1", answers.MayShare},
		{"call X()", "CALL x()", answers.SharesAll},
	} {
		if got := answers.Shares(connectors.Question{Query: c.a}, connectors.Question{Query: c.b}); got != c.want {
			t.Errorf("%s | %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func FuzzShares(f *testing.F) {
	f.Add("select 1 from \"a\".D where X in ('a", "select '")
	f.Fuzz(func(t *testing.T, a, b string) {
		if answers.Shares(connectors.Question{Query: a}, connectors.Question{Query: a}) != answers.SharesAll {
			t.Fatal("a query does not share all with itself")
		}
		answers.Shares(connectors.Question{Query: a}, connectors.Question{Query: b})
	})
}

package connectors

import "context"

// Describer is a Target that can tell what its tables are like, for a mapping that does not exist yet.
type Describer interface {
	// Describe calls pick with the names of all tables, as far as the account may see them, and describes those that it
	// returns; one that is not there is left out. Like Check it changes nothing.
	Describe(ctx context.Context, pick func(names []string) []string) ([]Table, error)
}

// Table is what a target says of one table.
type Table struct {
	Name    string
	Columns []Column   // in the table's order
	Keys    [][]string // columns of unique keys, the primary key first
	Parents []string   // those of the described tables that its foreign keys name
}

// Column is what a target says of one column.
type Column struct {
	Name     string
	Type     string // in the system's own words
	Kind     Kind   // of the values that it takes as they are; Missing: not known
	Length   int    // characters of a text at most; 0: not known
	Digits   int    // of a number at most; 0: not known
	Scale    int    // decimals of a number, where Digits is known
	Required bool   // no row without a value
	Numbered bool   // the system makes the value
	Computed bool   // nobody else may
}

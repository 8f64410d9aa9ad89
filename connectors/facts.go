package connectors

import "context"

// Knower is a Target that can tell exactly what its tables take, so that mappings can be proved against it, also later and elsewhere.
type Knower interface {
	// Facts describes the tables that are named as mappings name them; one that is not there is left out. Like Check it changes nothing.
	Facts(ctx context.Context, tables []string) (*Facts, error)
}

// Facts are what a target says of some of its tables. They can be kept in a file.
type Facts struct {
	System string       `json:"system"` // type of the target
	Zone   string       `json:"zone,omitempty"`
	Tables []TableFacts `json:"tables"`
}

// TableFacts are those of one table.
type TableFacts struct {
	Name    string        `json:"name"`              // as the mapping has it
	Unknown string        `json:"unknown,omitempty"` // why nothing can be said of its rows; empty: something can
	Columns []ColumnFacts `json:"columns"`
	Unique  [][]string    `json:"unique,omitempty"`  // columns of its unique keys
	Foreign []Foreign     `json:"foreign,omitempty"` // its foreign keys
	Index   [][]string    `json:"index,omitempty"`   // columns of its indexes whose entries are limited
	Checks  []WordCheck   `json:"checks,omitempty"`  // checks that a column has one of some words
	Opaque  []string      `json:"opaque,omitempty"`  // rules that may refuse a row and are not understood, such as a check
	Rests   []string      `json:"rests,omitempty"`   // what happens to rows besides, such as a trigger
}

// Foreign is a foreign key.
type Foreign struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Parent  string   `json:"parent"`  // table, without schema
	Parents []string `json:"parents"` // its columns
}

// WordCheck is a rule of a table that a column, where it is not NULL, has one of some words.
type WordCheck struct {
	Name   string   `json:"name"`
	Column string   `json:"column"`
	Words  []string `json:"words"`
}

// ColumnFacts are those of one column. Where a bound is not known the values are neither surely taken nor surely refused.
type ColumnFacts struct {
	Name      string   `json:"name"`
	Type      string   `json:"type"`            // in the system's own words
	Takes     string   `json:"takes,omitempty"` // text, integer, decimal, boolean, date, datetime, instant, binary, uuid or word; empty: not known
	Length    int      `json:"length,omitempty"`
	Bytes     bool     `json:"bytes,omitempty"`     // Length counts bytes
	Charset   string   `json:"charset,omitempty"`   // in which it keeps texts, as mappings name it; ? for one without such a name; empty: all characters
	Whole     bool     `json:"whole,omitempty"`     // blanks at the end are not kept: such a text is refused
	Least     string   `json:"least,omitempty"`     // of a whole number
	Most      string   `json:"most,omitempty"`      //
	Digits    int      `json:"digits,omitempty"`    // of a number before the point; 0: not known
	Scale     int      `json:"scale,omitempty"`     // of a number or a second after the point; -1: any number
	Precision int      `json:"precision,omitempty"` // digits of a number that is not whole, in all; 0: any
	Unsigned  bool     `json:"unsigned,omitempty"`
	Words     []string `json:"words,omitempty"`    // that a column of words takes
	Required  bool     `json:"required,omitempty"` // a row cannot leave it out
	NotNull   bool     `json:"notNull,omitempty"`
	Numbered  bool     `json:"numbered,omitempty"` // the system makes the value of a row that leaves it out
	Computed  bool     `json:"computed,omitempty"`
	Folds     bool     `json:"folds,omitempty"` // two texts may be the same to it that differ by bytes
}

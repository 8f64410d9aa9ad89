package source

import "github.com/inbasket/inbasket/mapping/diag"

// Key is what people find submissions by: an expression, or a block.
type Key struct {
	Value   *Expression `yaml:"value,required" doc:"expression; a list gives several values"`
	Keep    string      `yaml:"keep" doc:"plain (default); hashed: found and never shown; encrypted: found, and shown to who asks for it on record" enum:"plain,hashed,encrypted"`
	Compare string      `yaml:"compare" doc:"loose (default): capitals, blanks and hyphens do not count; exact: they do" enum:"loose,exact"`
	Node    *diag.Node  `yaml:",node"`
}

// UnmarshalNode reads either form.
func (k *Key) UnmarshalNode(n *diag.Node) diag.Problems {
	k.Node = n
	if n.Kind != diag.Map {
		k.Value = &Expression{}
		return k.Value.UnmarshalNode(n)
	}
	type plain Key
	var p plain
	problems := n.Decode(&p)
	*k = Key(p)
	return problems
}

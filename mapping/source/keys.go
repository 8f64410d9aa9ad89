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
	type plain Key
	k.Node = n
	return either(n, (*plain)(k), &k.Value)
}

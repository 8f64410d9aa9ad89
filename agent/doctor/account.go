package doctor

import "context"

// account says who looks, and whether the agent is somebody else.
func account(ctx context.Context, x *exam, n *notes) {
	if x.account.Root && x.Inside {
		n.warn(x.account.Name, CodeRoot, "the agent runs with all rights of the machine, which it does not need", "give it an account of its own: inbasket service install")
		return
	}
	if x.Inside {
		n.ok(x.account.Name, "the agent's own account")
		return
	}
	if x.Service != nil && x.cfg != nil {
		if s, err := x.Service(ctx, x.cfg); err == nil && s.Installed && s.Account != "" && s.Account != x.account.Name {
			n.warn(x.account.Name, CodeOtherAccount, "the service runs as "+s.Account+", which may and sees other things than you",
				"look with its account and sandbox: inbasket doctor --as-service")
			return
		}
	}
	if x.account.Root {
		n.warn(x.account.Name, CodeOtherAccount, "this account may do everything, and the agent's may not",
			"look as the agent: inbasket doctor --as-service")
		return
	}
	n.ok(x.account.Name, "looks from outside of the agent; --as-service looks with its account and sandbox")
}

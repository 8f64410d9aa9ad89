package control

// Codes of errors between the command line and the running agent.
const (
	CodeNotRunning = "control.not-running"    // no agent runs on this state folder; start it, or name its configuration by --config
	CodePermission = "control.permission"     // this account may not give orders; use the agent's account, root, or join control.group
	CodeProtocol   = "control.protocol"       // the agent did not understand or broke off; agent and command must be of one version
	CodeRequest    = "control.request"        // the order is incomplete or too large; see the message
	CodeListen     = "control.listen"         // the control socket cannot be made; look at the rights of the state folder
	CodeGroup      = "control.group"          // control.group is not a group of this machine; correct it
	CodeInternal   = "control.internal"       // the agent failed at the order; its log says more under the same time
	CodeState      = "control.state"          // not possible in the submission's present state; look at it by show
	CodeNotFound   = "control.not-found"      // no such submission, target or batch; look by list
	CodePartly     = "control.partly"         // the submission is partly delivered; say --force if it is to be rejected all the same
	CodeNotAllowed = "submission.wrong-state" // what was asked does not fit the submission's state; see inbasket show
	CodeHeld       = "agent.held"             // the agent was restored from a backup and waits for an operator; look at what it found by inbasket restored, then inbasket restored release
)

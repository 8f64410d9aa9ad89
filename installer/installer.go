// Package installer makes the agent a service of the system: it writes what the service manager reads,
// and nothing else. It never touches a form, the journal or the configuration.
package installer

import (
	"context"
	"regexp"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// DefaultName is the service's name, and the account's when none is given.
const DefaultName = "inbasket"

// Instance is one agent as a service. Paths are absolute.
type Instance struct {
	Name    string // of the instance; empty: the only or first one of the machine
	Program string // the binary
	Config  string // the configuration file
	Account string // Linux: who it runs as; empty: inbasket. Windows always takes the virtual account
	State   string // folder of journal and content, from the configuration

	// Writable and Readable are the folders outside of State that the configuration names.
	Writable []string
	Readable []string
	// Credentials are the secrets that the configuration takes from systemd: name → file, see CredentialFolder.
	Credentials map[string]string

	environment []string // Linux: what drop-ins of the sysadmin add to the service's environment, NAME=value
	oneByOne    bool     // Linux: systemd is too old to be given a folder of credentials

	NoStart      bool // Install leaves the service stopped when it was stopped
	DelayedStart bool // Windows: start after the services that the machine itself needs
}

// Service returns the name that the service manager knows the instance by.
func (i Instance) Service() string { return ServiceName(i.Name) }

// ServiceName returns the name that the service manager knows an instance by: inbasket, or inbasket-NAME.
func ServiceName(instance string) string {
	if instance == "" || instance == DefaultName {
		return DefaultName
	}
	return DefaultName + "-" + instance
}

// nameFlag is how commands name an instance.
func nameFlag(instance string) string {
	if ServiceName(instance) == DefaultName {
		return ""
	}
	return " --name " + instance
}

var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$`)

// CheckName refuses a name that cannot be part of a service's name and of a path. Empty is the default instance.
func CheckName(instance string) error {
	if instance == "" || validName.MatchString(instance) {
		return nil
	}
	return connectors.Errorf(connectors.ItemError, CodeName, "name the service", "use letters A to Z, digits, dash and underscore; at most 31",
		"%q cannot be the name of an instance", instance)
}

// State is what the service manager knows of an instance.
type State struct {
	Name       string    `json:"name"` // of the service, such as inbasket-permits
	Manager    string    `json:"manager"`
	Installed  bool      `json:"installed"`
	Enabled    bool      `json:"enabled"` // starts with the machine
	Running    bool      `json:"running"`
	Detail     string    `json:"detail,omitempty"` // the manager's own word, such as active (running)
	PID        int       `json:"pid,omitempty"`
	Since      time.Time `json:"since,omitzero"`       // when it reached its present state
	ExitCode   int       `json:"exitCode,omitempty"`   // of its last run, when it is stopped
	Definition string    `json:"definition,omitempty"` // path of the unit or script; on Windows the registry key
	Packaged   bool      `json:"packaged,omitempty"`   // the definition belongs to a package
	// Program, Config and Account are what the definition says.
	Program string `json:"program,omitempty"`
	Config  string `json:"config,omitempty"`
	Account string `json:"account,omitempty"`
	// Drift lists what differs from what Install would write, a line each, with the line that is missing.
	Drift []string `json:"drift,omitempty"`
}

// Changes are the steps that were done, in words for the sysadmin; none: all was as it should be.
type Changes []string

// Manager is the system's service manager. Names are those of instances, see Instance.Name. Every error is a
// connectors.Error whose hint says what to do next.
type Manager interface {
	// Install makes or mends the service, enables it, and starts it unless NoStart. When a step fails, the steps
	// of this call are undone, and nothing is left behind that was not there before.
	Install(ctx context.Context, i Instance) (Changes, error)
	// Uninstall stops and removes the service. Configuration, state and account stay.
	Uninstall(ctx context.Context, name string) (Changes, error)
	// Start returns when the agent says that it is ready, or with the reason why it is not. A running one stays.
	Start(ctx context.Context, name string) error
	// Stop returns when the agent has ended. A stopped one stays stopped.
	Stop(ctx context.Context, name string) error
	// Restart stops and starts.
	Restart(ctx context.Context, name string) error
	// Status asks the manager, and compares with what Install would write if i.Program is given.
	Status(ctx context.Context, i Instance) (State, error)
}

// File is a file that Install writes.
type File struct {
	Path    string `json:"path"`
	Content string `json:"content"`
}

// Preview is what Install would do.
type Preview struct {
	Files []File   `json:"files"`
	Steps []string `json:"steps"` // in words, those that are not needed left out
}

// Previewer is a Manager that can tell before it does.
type Previewer interface {
	// Preview changes nothing; it needs no rights.
	Preview(ctx context.Context, i Instance) (Preview, error)
}

// Opener is a Manager that keeps a service out of folders which its definition does not name.
type Opener interface {
	// DropIn returns the file that opens the folders of the configuration.
	DropIn(i Instance) File
	// OpenFolders writes it, and has the manager read it. It takes effect when the service starts.
	OpenFolders(ctx context.Context, i Instance) (Changes, error)
}

// Package rules is what a configuration says of files without a place: which are forms, which belong to them, and what becomes of them.
package rules

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// FolderConfig configures a local folder that forms or answer files are taken from.
type FolderConfig struct {
	Path   string `yaml:"path" doc:"the folder; relative to the configuration file"`
	Rules  `yaml:",inline"`
	Events bool `yaml:"events" doc:"use the file system's events; useless on most shares"`
	Sync   bool `yaml:"sync" doc:"make the moves durable; without, a power loss only repeats a form, which is recognised"`
}

// Rules says which files of a place are forms or answers, when they are taken, and what becomes of them.
type Rules struct {
	Match       string            `yaml:"match" doc:"names of forms, such as *.json; alternatives are separated by |"`
	Ignore      string            `yaml:"ignore" doc:"names that are left alone although they match; alternatives are separated by |"`
	Quiet       time.Duration     `yaml:"quiet" doc:"how long size and time must stand still; 0 takes files at first sight"`
	Marker      string            `yaml:"marker" doc:"done-marker, such as {name}.ok for x.json.ok; replaces quiet"`
	Poll        time.Duration     `yaml:"poll" doc:"how often the folder is listed; events, where there are any, only make it faster"`
	MaxBytes    int64             `yaml:"max-bytes" doc:"size limit of a form in bytes"`
	Attachments AttachmentsConfig `yaml:"attachments" doc:"files that belong to a form"`
	After       AfterConfig       `yaml:"after" doc:"what becomes of a form that was accepted"`
	Errors      string            `yaml:"errors" doc:"error folder; relative to the in-basket's own"`
}

// AttachmentsConfig says which files belong to a form.
type AttachmentsConfig struct {
	Beside   []string      `yaml:"beside" doc:"names of attachments: {name} is the form's name without extension, {n} counts from 1"`
	Need     int           `yaml:"need" doc:"how many must lie beside the form before it is taken"`
	List     string        `yaml:"list" doc:"where a JSON or XML form lists its attachments' file names, such as attachments[].file; in XML below the root, an attribute as @href"`
	Wait     time.Duration `yaml:"wait" doc:"how long a form waits for its attachments"`
	MaxBytes int64         `yaml:"max-bytes" doc:"size limit of one attachment in bytes"`
}

// AfterConfig says what becomes of accepted files.
type AfterConfig struct {
	Move   string `yaml:"move" doc:"done folder; relative to the in-basket's own"`
	Dated  bool   `yaml:"dated" doc:"a folder a day below the done folder"`
	Delete bool   `yaml:"delete" doc:"delete instead of moving"`
}

// FolderDefaults returns the defaults of an in-basket folder.
func FolderDefaults() FolderConfig {
	return FolderConfig{Rules: rulesFor(2*time.Second, 5*time.Second), Events: true, Sync: true}
}

func rulesFor(quiet, poll time.Duration) Rules {
	return Rules{
		Match: "*.json|*.xml", Quiet: quiet, Poll: poll, MaxBytes: 16 << 20,
		Attachments: AttachmentsConfig{Beside: []string{"{name}.pdf", "{name}-{n}.pdf"}, Wait: 10 * time.Minute, MaxBytes: 256 << 20},
		After:       AfterConfig{Move: "done"}, Errors: "error",
	}
}

// answersMatch are the usual names of answer files.
const answersMatch = "*.json|*.xml|*.csv"

// FolderAnswersDefaults returns the defaults of a folder of answer files.
func FolderAnswersDefaults() FolderConfig {
	c := FolderDefaults()
	c.Match = answersMatch
	return c
}

// Validate checks the configuration without touching the file system.
func (c *FolderConfig) Validate() error {
	if c.Path == "" {
		return errors.Join(errors.New("path is missing"), c.Rules.Validate())
	}
	return c.Rules.Validate()
}

// Validate checks the configuration without touching the place.
func (c *Rules) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, err := NewGlobs(c.Match); err != nil || c.Match == "" {
		fail("match %q is not a pattern", c.Match)
	}
	ignored, err := NewGlobs(c.Ignore)
	if err != nil {
		fail("ignore %q is not a pattern", c.Ignore)
	}
	if taken, _ := NewGlobs(c.Match); len(taken) > 0 && !slices.ContainsFunc(taken, func(p string) bool { return !slices.Contains(ignored, p) && !slices.Contains(ignored, "*") }) {
		fail("ignore %q leaves out everything that match takes", c.Ignore)
	}
	if c.Marker != "" && !validMarker(c.Marker) {
		fail("marker %q must hold {name} once and something more, and no slash", c.Marker)
	}
	if c.Quiet < 0 || c.Poll <= 0 || c.Attachments.Wait < 0 {
		fail("quiet and attachments.wait must not be negative, poll must be positive")
	}
	if c.MaxBytes <= 0 || c.Attachments.MaxBytes <= 0 {
		fail("max-bytes must be positive")
	}
	for _, p := range c.Attachments.Beside {
		if strings.Count(p, "{name}") != 1 || strings.ContainsAny(p, `/\`) {
			fail("attachments.beside %q must hold {name} once and no slash", p)
		}
	}
	if _, err := ParsePath(c.Attachments.List); err != nil {
		fail("attachments.list: %w", err)
	}
	if c.After.Delete && c.After.Dated {
		fail("after: delete and dated exclude each other")
	}
	if !c.After.Delete && c.After.Move == "" {
		fail("after: either move or delete")
	}
	if c.Errors == "" || path.Clean(c.Errors) == "." {
		fail("errors is missing")
	}
	return errors.Join(errs...)
}

// Overruled names the keys that do nothing beside others.
func (c *Rules) Overruled() map[string]string {
	return map[string]string{"after.move": "after.delete", "after.dated": "after.delete", "quiet": "marker"}
}

func validMarker(m string) bool {
	return strings.Count(m, "{name}") == 1 && m != "{name}" && !strings.ContainsAny(m, `/\`)
}

// RemoteConfig configures a folder behind a network that forms or answer files are taken from.
type RemoteConfig[C any, P place.Remote[C]] struct {
	Place C `yaml:",inline"`
	Rules `yaml:",inline"`
}

// RemoteDefaults adds the defaults of an in-basket to those of its place. A server tells no times that can be relied on, so a
// file must stand still for longer than in a folder.
func RemoteDefaults[C any, P place.Remote[C]](place C) RemoteConfig[C, P] {
	return RemoteConfig[C, P]{Place: place, Rules: rulesFor(10*time.Second, 30*time.Second)}
}

// RemoteAnswersDefaults adds the defaults of answer files to those of their place.
func RemoteAnswersDefaults[C any, P place.Remote[C]](place C) RemoteConfig[C, P] {
	c := RemoteDefaults[C, P](place)
	c.Match = answersMatch
	return c
}

// Validate checks the configuration without any I/O.
func (c *RemoteConfig[C, P]) Validate() error {
	return errors.Join(P(&c.Place).Validate(), c.Rules.Validate())
}

// surroundings are the folder and those that files are moved to; below makes what place knows of one by its name in the configuration.
func (c *Rules) surroundings(folder connectors.WorkFolder, below func(folder string) connectors.WorkFolder) []connectors.WorkFolder {
	folder.Use, folder.Write, folder.Match = "forms", true, c.Match
	list := []connectors.WorkFolder{folder}
	add := func(use, name string) {
		f := below(name)
		f.Use, f.Write = use, true
		list = append(list, f)
	}
	if !c.After.Delete {
		add("done", c.After.Move)
	}
	add("error", c.Errors)
	return list
}

// Surroundings names the folder with those that files are moved to.
func (c *FolderConfig) Surroundings(e connectors.Env, _ string) connectors.Surroundings {
	dir := e.Path(c.Path)
	return connectors.Surroundings{Folders: c.surroundings(connectors.WorkFolder{Path: dir}, func(folder string) connectors.WorkFolder {
		return connectors.WorkFolder{Path: Below(dir, folder), Made: true, Beside: dir}
	})}
}

// Surroundings adds the folder with those that files are moved to.
func (c *RemoteConfig[C, P]) Surroundings(e connectors.Env, typ string) connectors.Surroundings {
	s := P(&c.Place).Surroundings(e, typ)
	at := func(folder string) connectors.WorkFolder {
		return connectors.WorkFolder{Path: P(&c.Place).Folder(folder)}
	}
	s.Remote = c.surroundings(at(""), at)
	return s
}

// Below is a folder as it stands in a configuration, relative to dir.
func Below(dir, folder string) string {
	if filepath.IsAbs(folder) {
		return folder
	}
	return filepath.Join(dir, folder)
}

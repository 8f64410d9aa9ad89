package drop

import (
	"errors"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// FolderConfig configures a folder that files are dropped into.
type FolderConfig struct {
	Path  string `yaml:"path" doc:"the folder; relative to the configuration file"`
	Temp  string `yaml:"temp" doc:"temporary name in the same folder; {name} is the final name, {key} 8 letters and digits that no other delivery has"`
	Proof string `yaml:"proof" doc:"a file that must lie in the folder, so that an unmounted share is noticed"`
	Sync  bool   `yaml:"sync" doc:"make files and folder durable; switch off only for tests"`
}

// FolderDefaults returns the defaults of a file drop.
func FolderDefaults() FolderConfig { return FolderConfig{Temp: DefaultTemp, Sync: true} }

// DefaultTemp is the temporary name of a file that is being put in place.
const DefaultTemp = ".{name}.{key}.inbasket-part"

// Validate checks the configuration without touching the file system.
func (c *FolderConfig) Validate() error {
	if c.Path == "" {
		return errors.New("path is missing")
	}
	return validTemp(c.Temp, c.Proof)
}

func validTemp(temp, proof string) error {
	if strings.Count(temp, "{name}") != 1 || strings.Count(temp, "{key}") > 1 || temp == "{name}" || strings.ContainsAny(temp, "/\\\r\n\x00") {
		return fmt.Errorf("temp %q must hold {name} once and something more, and no slash", temp)
	}
	if proof != "" && place.CheckName(proof) != nil {
		return fmt.Errorf("proof %q is not a file name", proof)
	}
	return nil
}

// RemoteConfig configures a folder behind a network that files are dropped into.
type RemoteConfig[C any, P place.Remote[C]] struct {
	Place  C      `yaml:",inline"`
	Temp   string `yaml:"temp" doc:"temporary name in the same folder; {name} is the final name, {key} 8 letters and digits that no other delivery has"`
	Proof  string `yaml:"proof" doc:"a file that must lie in the folder, so that a wrong folder is noticed"`
	Verify string `yaml:"verify" doc:"size: compare sizes; read-back: read the file again and compare its digest"`
}

// RemoteDefaults adds the defaults of a target to those of its place.
func RemoteDefaults[C any, P place.Remote[C]](place C) RemoteConfig[C, P] {
	return RemoteConfig[C, P]{Place: place, Temp: DefaultTemp, Verify: "size"}
}

// Validate checks the configuration without any I/O.
func (c *RemoteConfig[C, P]) Validate() error {
	err := errors.Join(P(&c.Place).Validate(), validTemp(c.Temp, c.Proof))
	if c.Verify != "size" && c.Verify != "read-back" {
		err = errors.Join(err, fmt.Errorf("verify %q is neither size nor read-back", c.Verify))
	}
	return err
}

// Surroundings names the folder that files are dropped into.
func (c *FolderConfig) Surroundings(e connectors.Env, _ string) connectors.Surroundings {
	return connectors.Surroundings{Folders: []connectors.WorkFolder{{Path: e.Path(c.Path), Use: "drop", Write: true}}}
}

// Surroundings adds the folder that files are sent to.
func (c *RemoteConfig[C, P]) Surroundings(e connectors.Env, typ string) connectors.Surroundings {
	s := P(&c.Place).Surroundings(e, typ)
	s.Remote = []connectors.WorkFolder{{Path: P(&c.Place).Folder(""), Use: "drop", Write: true}}
	return s
}

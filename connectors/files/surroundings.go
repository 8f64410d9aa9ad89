package files

import (
	"github.com/inbasket/inbasket/connectors"
)

// Surroundings names the folder with those that files are moved to.
func (c *FolderConfig) Surroundings(e connectors.Env, _ string) connectors.Surroundings {
	dir := e.Path(c.Path)
	s := connectors.Surroundings{Folders: []connectors.WorkFolder{{Path: dir, Use: "forms", Write: true, Match: c.Match}}}
	if !c.After.Delete {
		s.Folders = append(s.Folders, connectors.WorkFolder{Path: below(dir, c.After.Move), Use: "done", Write: true, Made: true, Beside: dir})
	}
	s.Folders = append(s.Folders, connectors.WorkFolder{Path: below(dir, c.Errors), Use: "error", Write: true, Made: true, Beside: dir})
	return s
}

// Surroundings names the folder that files are dropped into.
func (c *DropConfig) Surroundings(e connectors.Env, _ string) connectors.Surroundings {
	return connectors.Surroundings{Folders: []connectors.WorkFolder{{Path: e.Path(c.Path), Use: "drop", Write: true}}}
}

package datefmt

import (
	"fmt"
	"time"
	_ "time/tzdata" // Windows and small containers have no zone files
)

// Zone returns a time zone by its IANA name, such as Europe/Berlin; the empty name is UTC. "Local" is
// refused: what a mapping means must not depend on the machine it runs on.
func Zone(name string) (*time.Location, error) {
	switch name {
	case "", "UTC":
		return time.UTC, nil
	case "Local":
		return nil, fmt.Errorf("time zone %q depends on the machine; name the zone, such as Europe/Berlin", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not known; use a name such as Europe/Berlin", name)
	}
	return loc, nil
}

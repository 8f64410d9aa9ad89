package drop

import (
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/local"
)

// NewFolder opens a file drop into a local folder.
func NewFolder(env connectors.Env, cfg FolderConfig) (*Drop, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Drop{
		place: &local.Place{Dir: env.Path(cfg.Path), Durable: cfg.Sync}, temps: newTempNames(cfg.Temp, DefaultTemp, oldTemp),
		proof: cfg.Proof, durable: cfg.Sync, workers: 4, section: "path",
		abilities: connectors.Abilities{Operations: connectors.OperationsOf(connectors.Put), Binary: true, MaxItems: 256, Parallel: 2, Guarantee: connectors.Guarantee{
			Level: "exact", Why: "the file has a fixed name and fixed bytes, is renamed into place and never put there twice"}},
	}, nil
}

// At opens a file drop at another place.
func At(p place.Place, a connectors.Abilities) *Drop {
	return &Drop{place: p, temps: newTempNames(DefaultTemp), workers: 1, section: "path", abilities: a}
}

// NewRemote opens a target that puts files into a folder behind a network. It connects when first used.
func NewRemote[C any, P place.Remote[C]](env connectors.Env, cfg RemoteConfig[C, P]) (*Drop, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	temps := newTempNames(cfg.Temp)
	if cfg.Temp == DefaultTemp { // elsewhere the server may not even have such names
		temps = newTempNames(cfg.Temp, oldTemp)
	}
	return &Drop{
		place: P(&cfg.Place).Open(env, cfg.Verify == "read-back"), temps: temps, proof: cfg.Proof, workers: 1, section: "dir",
		abilities: connectors.Abilities{Operations: connectors.OperationsOf(connectors.Put), Binary: true, MaxItems: 64, Guarantee: connectors.Guarantee{
			Level: "parks-when-unclear", Why: "the file is sent under a temporary name, its size is compared, then it is renamed; what the server cannot tell apart parks"}},
	}, nil
}

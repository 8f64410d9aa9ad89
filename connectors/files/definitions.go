// Package files joins the places where files lie with what is done there: forms and answer files are taken out of folders
// (intake), and files are put into folders (drop).
package files

import (
	"slices"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/drop"
	"github.com/inbasket/inbasket/connectors/files/intake"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/ftp"
)

// Definitions returns the connectors of this package: each place as in-basket, target and pick-up of answers.
func Definitions() []connectors.Definition {
	return slices.Concat(folder(), remote("ftp", "FTP, encrypted or not", ftp.Defaults))
}

func folder() []connectors.Definition {
	return []connectors.Definition{
		connectors.DefineInbasket("folder", "forms that lie in a folder", rules.FolderDefaults,
			func(e connectors.Env, c rules.FolderConfig) (connectors.Inbasket, error) {
				return intake.NewFolder(e, c)
			}),
		connectors.DefineTarget("folder", "files dropped into a folder", drop.FolderDefaults,
			func(e connectors.Env, c drop.FolderConfig) (connectors.Target, error) { return drop.NewFolder(e, c) }),
		connectors.DefineResults("folder", "answer files that lie in a folder, with documents beside them", rules.FolderAnswersDefaults,
			func(e connectors.Env, c rules.FolderConfig) (connectors.ResultSource, error) {
				return intake.NewFolderAnswers(e, c)
			}),
	}
}

// remote are the connectors of a place behind a network.
func remote[C any, P place.Remote[C]](typ, way string, defaults func() C) []connectors.Definition {
	return []connectors.Definition{
		connectors.DefineInbasket(typ, "forms that lie in a folder behind "+way,
			func() rules.RemoteConfig[C, P] { return rules.RemoteDefaults[C, P](defaults()) },
			func(e connectors.Env, c rules.RemoteConfig[C, P]) (connectors.Inbasket, error) {
				return intake.NewRemote(e, c)
			}),
		connectors.DefineTarget(typ, "files sent by "+way,
			func() drop.RemoteConfig[C, P] { return drop.RemoteDefaults[C, P](defaults()) },
			func(e connectors.Env, c drop.RemoteConfig[C, P]) (connectors.Target, error) {
				return drop.NewRemote(e, c)
			}),
		connectors.DefineResults(typ, "answer files that lie in a folder behind "+way+", with documents beside them",
			func() rules.RemoteConfig[C, P] { return rules.RemoteAnswersDefaults[C, P](defaults()) },
			func(e connectors.Env, c rules.RemoteConfig[C, P]) (connectors.ResultSource, error) {
				return intake.NewRemoteAnswers(e, c)
			}),
	}
}

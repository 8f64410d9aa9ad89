package main

import "strings"

// IDs of entries in the event log of Windows. They are stable: monitoring looks for them, so a number is
// never given another meaning. The message file that every Windows has, EventCreate.exe, knows 1 to 1000.
const (
	eventReady         = 100 // the agent is ready
	eventStopped       = 101 // it was stopped in good order
	eventReloaded      = 102 // an order of the service manager changed the configuration over
	eventReloadRefused = 103 // the new configuration is wrong; the old one stays in force
	eventInstalled     = 104 // the service was installed, mended or removed
	eventEnded         = 110 // it did not start, or ended by itself
	eventSlowStop      = 111 // it was ended before it had stopped by itself
	eventStuck         = 112 // a part of it stood still, and it was ended to be started again
	eventMuted         = 120 // the same entry came too often; the rest is in the log file
	eventOther         = 299 // a warning or an error without an area of its own
)

// areaEvents are the IDs of warnings and errors, by the part of their code before the dot.
var areaEvents = map[string]uint32{
	"agent": 200, "batch": 205, "config": 210, "content": 215, "control": 220, "cursor": 225, "decode": 230,
	"document": 235, "encode": 240, "field": 245, "file": 250, "files": 255, "form": 260, "front-office": 265,
	"ftp": 270, "http": 275, "journal": 280, "mapping": 285, "new": 290, "result": 300, "route": 305, "secret": 310,
	"service": 315, "sql": 320, "submission": 325, "submit": 330, "target": 335, "webhook": 340, "yaml": 345,
	"audit": 350, "backup": 355, "restore": 360, "hold": 365, "retention": 370, "purge": 375, "doctor": 380,
	"diagnostics": 385, "upgrade": 390, "certificate": 395, "disk": 400, "watchdog": 405, "clock": 410, "monitor": 415,
	"usage": 420, "layout": 425, "payload": 430, "metrics": 435, "connector": 440,
}

// eventID returns the ID of an entry about a code.
func eventID(code string) uint32 {
	area, _, _ := strings.Cut(code, ".")
	if id, ok := areaEvents[area]; ok {
		return id
	}
	return eventOther
}

// Package monitoring holds no code: its tests hold the dashboard and the alerts of installer/monitoring to what a
// running agent really shows, and to what docs/operate.md says.
package monitoring

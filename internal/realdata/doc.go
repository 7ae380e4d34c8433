// Package realdata holds no code: its tests run the rooms together over real event files with published
// answers, which package fixture finds.
package realdata

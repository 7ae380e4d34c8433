package doclint

import (
	"go/ast"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Floor says what the packages of one room may stand on. The longest Room that is the package's folder, or
// one above it, decides.
type Floor struct {
	Room    string   // folder relative to the module root, "stream/fold"
	Rooms   []string // rooms of this module it may import; "stream/..." is stream and all below it
	Modules []string // third-party import paths it may reach, each with all below it
}

// checkFloors is rule 6: nothing imports upward or sideways, and third-party code stays where it was let in.
func checkFloors(m *module, floors []Floor, report reporter) {
	for _, p := range m.packages {
		if p.name == "" {
			continue // only tests: they may import what they like
		}
		floor, ok := floorOf(floors, p.room)
		if !ok {
			report(p.start(), "package %s has no floor", p.name)
			continue
		}
		for _, f := range p.code() {
			for _, spec := range f.ast.Imports {
				judgeImport(m, p, floor, spec, report)
			}
		}
		for _, r := range reach(m, p) {
			if !anyCovers(floor.Modules, r.module) {
				report(p.start(), "package %s reaches %s through %s", p.name, r.module, r.through)
			}
		}
	}
}

func judgeImport(m *module, p *pkg, floor Floor, spec *ast.ImportSpec, report reporter) {
	target := importPath(spec)
	switch {
	case target == "C":
		report(m.at(spec), "package %s uses cgo", p.name)
	case m.owns(target):
		if room := m.room(target); !roomAllowed(floor, room) {
			report(m.at(spec), "package %s must not import %s", p.name, room)
		}
	case thirdParty(target):
		if !anyCovers(floor.Modules, target) {
			report(m.at(spec), "package %s must not import %s", p.name, target)
		}
	}
}

// roomAllowed reports whether one of the floor's Rooms is the room, or covers it with "/...".
func roomAllowed(floor Floor, room string) bool {
	return slices.ContainsFunc(floor.Rooms, func(allowed string) bool {
		if root, ok := strings.CutSuffix(allowed, "/..."); ok {
			return covers(root, room)
		}
		return allowed == room
	})
}

// reached is a third-party import that a package takes in through an internal one.
type reached struct {
	module  string // import path
	through string // the internal room that imports it
}

// reach returns the third-party imports of all internal packages that p stands on, itself left out. Public
// rooms between are judged on their own.
func reach(m *module, p *pkg) []reached {
	seen := map[string]bool{p.room: true}
	found := map[reached]bool{}
	queue := []*pkg{p}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, f := range at.code() {
			for _, spec := range f.ast.Imports {
				target := importPath(spec)
				if thirdParty(target) && !m.owns(target) && at != p {
					found[reached{target, at.room}] = true
				}
				next := m.byRoom[m.room(target)]
				if m.owns(target) && next != nil && next.internal() && !seen[next.room] {
					seen[next.room] = true
					queue = append(queue, next)
				}
			}
		}
	}
	list := slices.Collect(maps.Keys(found))
	slices.SortFunc(list, func(a, b reached) int {
		return strings.Compare(a.module+" "+a.through, b.module+" "+b.through)
	})
	return list
}

func floorOf(floors []Floor, room string) (Floor, bool) {
	best, ok := Floor{}, false
	for _, f := range floors {
		if covers(f.Room, room) && (!ok || len(f.Room) > len(best.Room)) {
			best, ok = f, true
		}
	}
	return best, ok
}

// covers reports whether path is prefix or stands below it.
func covers(prefix, path string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func anyCovers(prefixes []string, path string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return covers(prefix, path) })
}

func importPath(spec *ast.ImportSpec) string {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value // the parser has refused such a file already
	}
	return path
}

// owns reports whether the import path is of this module.
func (m *module) owns(target string) bool { return covers(m.path, target) }

// room turns an import path of this module into a folder.
func (m *module) room(target string) string {
	if target == m.path {
		return "."
	}
	return strings.TrimPrefix(target, m.path+"/")
}

// thirdParty reports whether the import path is outside the standard library: its first element has a dot.
func thirdParty(target string) bool {
	first, _, _ := strings.Cut(target, "/")
	return strings.Contains(first, ".")
}

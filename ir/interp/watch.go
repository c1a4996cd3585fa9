package interp

import (
	"fmt"
	"slices"
)

// shadow is what the watch knows of a word. Epochs tell accesses since the
// last barrier from earlier ones; groups tell workgroups apart. Neither is
// ever reset during a dispatch, so a shadow needs no clearing between
// workgroups.
type shadow struct {
	writeEpoch, readEpoch uint32
	writeGroup            uint32 // of the last write; 0: none
	readGroup             uint32 // of the first read; 0: none
	writer, writeSite     uint16 // the last write
	reader, readSite      uint16 // the first read of readEpoch
	reader2, readSite2    uint16 // the last read of readEpoch by another invocation; reader where there is none
	reader0, readSite0    uint16 // the first read of the dispatch
}

// watch gives a memory the shadows it needs: none where nothing can go wrong.
func (mem *memory) watch(d memoryDecl, on bool) {
	if !on || d.kind == readOnly {
		mem.shadow = nil
		return
	}
	n := len(mem.words)
	mem.shadow = slices.Grow(mem.shadow[:0], n)[:n]
	clear(mem.shadow)
}

func (m *machine) noteRead(mem *memory, at int, i, site uint16) {
	s := &mem.shadow[at]
	if s.writeGroup != m.group {
		m.readForeign(mem, at, i, site)
	} else if s.writeEpoch == m.epoch && s.writer != i {
		m.race(mem, at, site, i, "read", s.writer, s.writeSite, "written")
	}
	switch {
	case s.readEpoch != m.epoch:
		s.readEpoch = m.epoch
		s.reader, s.readSite = i, site
		s.reader2 = i
	case s.reader != i:
		s.reader2, s.readSite2 = i, site
	}
	if s.readGroup == 0 {
		s.readGroup, s.reader0, s.readSite0 = m.group, i, site
	}
}

// readForeign looks at a read of a word that the workgroup has not written.
func (m *machine) readForeign(mem *memory, at int, i, site uint16) {
	s := &mem.shadow[at]
	switch {
	case mem.decl.kind == shared:
		if m.fresh(site, UnwrittenShared) {
			m.add(site, UnwrittenShared, int(i), "%s has not been written", mem.word(at))
		}
	case s.writeGroup != 0:
		m.groupRace(mem, at, site, i, "read", s.writeGroup, s.writer, s.writeSite, "written")
	case mem.decl.kind == writeOnly:
		if m.fresh(site, UnwrittenOut) {
			m.add(site, UnwrittenOut, int(i), "%s has not been written by this dispatch", mem.word(at))
		}
	}
}

func (m *machine) noteWrite(mem *memory, at int, i, site uint16) {
	s := &mem.shadow[at]
	switch {
	case s.writeEpoch == m.epoch && s.writer != i:
		m.race(mem, at, site, i, "written", s.writer, s.writeSite, "written")
	case s.readEpoch == m.epoch && s.reader != i:
		m.race(mem, at, site, i, "written", s.reader, s.readSite, "read")
	case s.readEpoch == m.epoch && s.reader2 != i:
		m.race(mem, at, site, i, "written", s.reader2, s.readSite2, "read")
	}
	if mem.decl.kind != shared {
		switch {
		case s.writeGroup != 0 && s.writeGroup != m.group:
			m.groupRace(mem, at, site, i, "written", s.writeGroup, s.writer, s.writeSite, "written")
		case s.readGroup != 0 && s.readGroup != m.group:
			m.groupRace(mem, at, site, i, "written", s.readGroup, s.reader0, s.readSite0, "read")
		}
	}
	s.writeEpoch, s.writeGroup = m.epoch, m.group
	s.writer, s.writeSite = i, site
}

// race reports an access to a word that another invocation touched since the
// last barrier.
func (m *machine) race(mem *memory, at int, site, i uint16, does string, other, otherSite uint16, did string) {
	if !m.fresh(site, Race) {
		return
	}
	pos := m.program.sites[otherSite]
	d := m.add(site, Race, int(i), "%s is %s by invocation %d and was %s by invocation %d at %v, with no barrier between",
		mem.word(at), does, i, did, other, pos)
	d.Invocations[1] = int(other)
	d.Other, d.OtherWorkgroup = pos, m.place
}

// groupRace reports an access to a word that another workgroup touched.
func (m *machine) groupRace(mem *memory, at int, site, i uint16, does string, group uint32, other, otherSite uint16, did string) {
	if !m.fresh(site, GroupRace) {
		return
	}
	pos, place := m.program.sites[otherSite], m.coordinates(group)
	d := m.add(site, GroupRace, int(i), "%s is %s and was %s by invocation %d of workgroup %d,%d,%d at %v",
		mem.word(at), does, did, other, place[0], place[1], place[2], pos)
	d.Invocations[1] = int(other)
	d.Other, d.OtherWorkgroup = pos, place
}

// word names a word as source would.
func (mem *memory) word(at int) string {
	if mem.decl.lanes == 1 {
		return fmt.Sprintf("%s[%d]", mem.decl.name, at)
	}
	return fmt.Sprintf("%s[%d].%c", mem.decl.name, at/mem.decl.lanes, "xyzw"[at%mem.decl.lanes])
}

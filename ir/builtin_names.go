package ir

// Names that every body can use.
const (
	LocalName      = "local"      // u32: the invocation's index in its workgroup
	WorkgroupName  = "workgroup"  // .x .y .z: the workgroup's place in the grid
	WorkgroupsName = "workgroups" // .x .y .z: how many workgroups were dispatched; made by passes
	LowestName     = "lowest"     // f32: the least finite one
	DeviceName     = "device"     // .subgroup_min …: a limit, in where clauses only
	FormatsDomain  = "formats"    // axis W in formats: every format there is
)

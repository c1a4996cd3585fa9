// A Rust panic inside wgpu cannot unwind into C or Go, so wgpu ends the process
// with abort() (a submission that the driver refuses, a lost device, a bug in
// its shader compiler). GUARD turns that abort into a jump back to the function
// that holds it, which then returns aborted().
//
// What wgpu held at that moment (locks, memory) stays held: nothing of that
// device may be called again. And Rust counts the thread as panicking for ever,
// on which wgpu frees nothing any more: there GUARD returns elsewhere, and the
// caller makes the call again on another thread.
#ifndef WGSLGEN_GUARD_H
#define WGSLGEN_GUARD_H

void guard_install(void);

#ifdef _WIN32
// Rust aborts with __fastfail there, which nothing can catch.
#define GUARD(aborted, elsewhere)
#define UNGUARD()
#else
#include <setjmp.h>
extern _Thread_local sigjmp_buf *guard_target;
extern _Thread_local int guard_panicked;
#define GUARD(aborted, elsewhere)    \
	if (guard_panicked) {            \
		return elsewhere;            \
	}                                \
	sigjmp_buf guard_here;           \
	if (sigsetjmp(guard_here, 0)) {  \
		return aborted;              \
	}                                \
	guard_target = &guard_here
#define UNGUARD() (guard_target = 0)
#endif

#endif

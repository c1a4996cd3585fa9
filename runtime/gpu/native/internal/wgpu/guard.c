//go:build cgo && (linux || darwin || windows) && (amd64 || arm64)

#include "guard.h"

#ifdef _WIN32

void guard_install(void) {}

#else

#include <signal.h>
#include <string.h>

// The place to jump to, while this thread is inside a guarded call.
_Thread_local sigjmp_buf *guard_target;

// Whether wgpu ever panicked on this thread.
_Thread_local int guard_panicked;

static struct sigaction previous;

static void on_abort(int sig, siginfo_t *info, void *context) {
	sigjmp_buf *target = guard_target;
	if (target) {
		guard_target = 0;
		guard_panicked = 1;
		siglongjmp(*target, 1);
	}
	if (previous.sa_flags & SA_SIGINFO) {
		previous.sa_sigaction(sig, info, context);
	} else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
		previous.sa_handler(sig);
	}
	// If that returns, abort() itself ends the process.
}

// guard_install puts the handler before Go's own (a program that asks os/signal
// for SIGABRT puts Go's first again, and then panics end it). It blocks no
// signals, so that jumping out of it leaves the thread's signal mask as it was.
void guard_install(void) {
	struct sigaction action;
	memset(&action, 0, sizeof action);
	action.sa_sigaction = on_abort;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
	sigemptyset(&action.sa_mask);
	sigaction(SIGABRT, &action, &previous);
}

#endif

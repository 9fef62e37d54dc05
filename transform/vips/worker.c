// Threads that take the steps which take long, for Go must not: a thread of Go's that
// is in C keeps one of the few tickets to run Go code until a watchman sees it, up to
// 10 ms later, and one of low priority that runs Go code keeps others from it while
// the system lets it wait.

#define _GNU_SOURCE // pthread_setname_np

#include "render.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

// stack is glibc's default; others give less than a megabyte, which encoders may exceed.
enum { stack = 8 << 20 };

struct ig_worker {
	pthread_t thread;
	int niceness, done; // as ig_worker_start was told
	pthread_mutex_t lock; // of what follows
	pthread_cond_t changed;
	ig_task *task; // posted, and not begun
	gboolean stopping;
};

// stand_back puts the calling thread behind the rest of the program. Threads that it
// begins inherit that. Where the system does not allow it, all goes on as it is.
static void stand_back(int niceness)
{
#ifdef __linux__ // where a "process" of these calls is a thread
	errno = 0;
	const int usual = getpriority(PRIO_PROCESS, 0);

	if (usual != -1 || !errno)
		(void)setpriority(PRIO_PROCESS, 0, MIN(usual + niceness, 19));
	(void)pthread_setname_np(pthread_self(), "render");
#endif
}

static void perform(ig_task *t)
{
	switch (t->step) {
	case IG_STEP_HEADER:
		ig_header(t->source, t->length, t->job.format, &t->result);
		break;
	case IG_STEP_RENDER:
		ig_render(t->source, t->length, &t->job, &t->cancel, &t->result);
		break;
	case IG_STEP_DECODE:
		t->image = ig_decode(t->source, t->length, &t->job, &t->cancel, &t->result);
		break;
	case IG_STEP_RESCALE:
		t->image = ig_rescale(t->image, &t->job, &t->cancel, &t->result);
		break;
	case IG_STEP_PRODUCE:
		ig_produce(t->image, &t->job, &t->cancel, &t->result);
		break;
	case IG_STEP_FREE:
		g_object_unref(t->image);
		break;
	case IG_STEP_WEBP:
		ig_encode_webp(t->source, t->job.out_width, t->job.out_height, 4, t->job.quality, &t->result);
		break;
	}
}

static void *work(void *of)
{
	ig_worker *w = of;

	stand_back(w->niceness);
	for (;;) {
		pthread_mutex_lock(&w->lock);
		while (!w->task && !w->stopping)
			pthread_cond_wait(&w->changed, &w->lock);
		ig_task *const task = w->task;
		w->task = NULL;
		pthread_mutex_unlock(&w->lock);
		if (!task)
			return NULL;
		perform(task);
		while (write(w->done, "", 1) < 0 && errno == EINTR)
			;
	}
}

// begin starts the thread with all signals blocked that are not its own fault: the
// others are for Go's threads.
static int begin(ig_worker *w)
{
	static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
	sigset_t blocked, before;
	pthread_attr_t attr;

	sigfillset(&blocked);
	for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
		sigdelset(&blocked, own[i]);
	if (pthread_attr_init(&attr))
		return -1;
	pthread_attr_setstacksize(&attr, stack);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	const int failed = pthread_create(&w->thread, &attr, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return failed;
}

static void drop(ig_worker *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	g_free(w);
}

ig_worker *ig_worker_start(int niceness, int done)
{
	ig_worker *w = g_new0(ig_worker, 1);

	w->niceness = niceness;
	w->done = done;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	if (!begin(w))
		return w;
	drop(w);
	return NULL;
}

void ig_worker_post(ig_worker *w, ig_task *task)
{
	pthread_mutex_lock(&w->lock);
	w->task = task;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void ig_worker_stop(ig_worker *w)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = TRUE;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	drop(w);
}

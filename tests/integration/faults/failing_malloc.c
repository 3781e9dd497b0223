// SPDX-License-Identifier: MIT
// To be preloaded: lets the allocations of a program fail, of any thread, counted from main() on.
// Which one fails is told in a file that it shares with the test (allocations.py): before the
// program starts, or while it runs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
  _Atomic long left;     // allocations until one fails; 0: none does
  _Atomic long goes_on;  // all that follow fail, too
  _Atomic long failed;   // how many have
  _Atomic long made;     // since main()
};

static struct control nowhere;
static struct control* control = &nowhere;
static _Atomic bool is_in_main = false;

// The C library's own, under the names that need no dlsym(), which allocates.
extern void* __libc_malloc(size_t bytes);
extern void* __libc_calloc(size_t count, size_t bytes);
extern void* __libc_realloc(void* memory, size_t bytes);
extern void* __libc_memalign(size_t alignment, size_t bytes);

static bool fails(void) {
  if (!is_in_main) return false;
  ++control->made;
  long left = control->left;
  do {
    if (left == 0) return false;
    if (left == 1 && control->goes_on) break;
  } while (!atomic_compare_exchange_weak(&control->left, &left, left - 1));
  if (left != 1) return false;
  ++control->failed;
  errno = ENOMEM;
  return true;
}

void* malloc(size_t bytes) {
  return fails() ? NULL : __libc_malloc(bytes);
}

void* calloc(size_t count, size_t bytes) {
  return fails() ? NULL : __libc_calloc(count, bytes);
}

void* realloc(void* memory, size_t bytes) {
  return fails() ? NULL : __libc_realloc(memory, bytes);
}

void* aligned_alloc(size_t alignment, size_t bytes) {
  return fails() ? NULL : __libc_memalign(alignment, bytes);
}

int posix_memalign(void** memory, size_t alignment, size_t bytes) {
  if (fails()) return ENOMEM;
  *memory = __libc_memalign(alignment, bytes);
  return *memory == NULL ? ENOMEM : 0;
}

static int (*real_main)(int, char**, char**);

static int counting_main(int argc, char** argv, char** environment) {
  const char* const path = getenv("FAILING_MALLOC");
  const int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (file >= 0) {
    void* const shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) control = shared;
    close(file);
  }
  is_in_main = true;
  return real_main(argc, argv, environment);
}

int __libc_start_main(int (*program)(int, char**, char**), int argc, char** argv,
                      void (*init)(void), void (*fini)(void), void (*end)(void), void* stack) {
  typeof(&__libc_start_main) next =
      (typeof(&__libc_start_main))dlsym(RTLD_NEXT, "__libc_start_main");
  real_main = program;
  return next(counting_main, argc, argv, init, fini, end, stack);
}

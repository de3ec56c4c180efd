// A shim between a program and the C library (LD_PRELOAD): counts every call that changes something below FAULT_ROOT,
// over all processes of a run, and at a chosen one kills or fails. In its recording mode it writes down what changed
// and what was synced, so that the disk can be rebuilt as a power cut would have left it (crash/disk.py).
//
// FAULT_ROOT      the folder that is watched, without links in its path
// FAULT_CONTROL   a file of sizeof(Control), mapped by all processes and by the driver
// FAULT_RECORD    a folder for the recording (mode kRecord): `log`, and copies of files as they were synced
//
// stdio writes inside the C library and are not seen as calls; the content is looked at when a file is synced, closed
// or renamed, so that a recording has them all the same.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace {

enum Mode : uint64_t { kCount = 0, kKillSelf = 1, kKillAll = 2, kFail = 3, kRecord = 4 };

// The driver (crash/bed.py) knows these offsets.
struct Control {
  std::atomic<uint64_t> calls;      // 0
  uint64_t at;                      // 8: the call that is hit, from 1
  uint64_t until;                   // 16: kFail: the last call that fails
  uint64_t mode;                    // 24
  uint64_t error;                   // 32
  std::atomic<uint64_t> armed;      // 40: 0: calls pass, uncounted
  std::atomic<uint64_t> hits;       // 48
  std::atomic<uint64_t> lock;       // 56: of the recording
  std::atomic<uint64_t> events;     // 64
  std::atomic<uint64_t> processes;  // 72
  std::atomic<int64_t> pids[512];   // 80
  char what[512];                   // of the first hit
  char kinds[16384];                // kCount: what each call was: (o)pens, (r)emoves, or another change
};

Control* control = nullptr;
char root[PATH_MAX];
size_t root_size = 0;
char record[PATH_MAX];
int log_fd = -1;
constexpr int kMostFds = 65536;
std::atomic<uint8_t> watched[kMostFds];  // 1: below the root; 2: and written to
std::atomic<uint8_t> full[kMostFds];     // a first part of a write found room; the rest does not

template <typename F>
F real(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}
#define REAL(name) static auto real_##name = real<decltype(&::name)>(#name)

__attribute__((constructor)) void start() {
  const char* path = getenv("FAULT_CONTROL");
  const char* folder = getenv("FAULT_ROOT");
  if (path == nullptr || folder == nullptr) return;
  REAL(open);
  int fd = real_open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* map = mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED) return;
  strncpy(root, folder, sizeof root - 1);
  root_size = strlen(root);
  auto* shared = static_cast<Control*>(map);
  uint64_t place = shared->processes++;
  if (place < 512) shared->pids[place] = getpid();
  if (shared->mode == kRecord && getenv("FAULT_RECORD") != nullptr) {
    strncpy(record, getenv("FAULT_RECORD"), sizeof record - 1);
    char log[PATH_MAX + 8];
    snprintf(log, sizeof log, "%s/log", record);
    log_fd = real_open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  }
  control = shared;
}

bool below(const char* path) {
  return strncmp(path, root, root_size) == 0 && (path[root_size] == '/' || path[root_size] == 0);
}

// The absolute path of `path` at `dir`; false where it is not below the root.
bool resolve(int dir, const char* path, char* out) {
  if (control == nullptr || path == nullptr) return false;
  if (path[0] == '/') {
    strncpy(out, path, PATH_MAX - 1);
    out[PATH_MAX - 1] = 0;
  } else {
    char base[PATH_MAX];
    if (dir == AT_FDCWD) {
      if (getcwd(base, sizeof base) == nullptr) return false;
    } else {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
      ssize_t got = readlink(link, base, sizeof base - 1);
      if (got <= 0) return false;
      base[got] = 0;
    }
    snprintf(out, PATH_MAX, "%s/%s", base, path);
  }
  if (!below(out)) return false;
  // "a/./b" and "a//b" are as good as "a/b" to the system, and not to a log.
  char* to = out;
  for (char* from = out; *from != 0;) {
    if (from[0] == '/' && from[1] == '/') ++from;
    else if (from[0] == '/' && from[1] == '.' && (from[2] == '/' || from[2] == 0)) from += 2;
    else *to++ = *from++;
  }
  while (to > out + 1 && to[-1] == '/') --to;
  *to = 0;
  return true;
}

bool is_watched(int fd) { return control != nullptr && fd >= 0 && fd < kMostFds && watched[fd] != 0; }

char kind_of(const char* call) {
  bool opens = strcmp(call, "open") == 0 || strcmp(call, "fopen") == 0 || strcmp(call, "mkstemp") == 0;
  return opens ? 'o' : strcmp(call, "unlink") == 0 ? 'r' : 'c';
}

// A full disk lets files go, and descriptors are wanted by whoever opens something.
bool can_fail(const char* call, int error) {
  char kind = kind_of(call);
  return error == ENOSPC ? kind != 'r' : error == EMFILE ? kind == 'o' : true;
}

// True: the call is to fail with errno as set. May not return.
bool hit(const char* call, const char* path) {
  if (control == nullptr || control->armed == 0) return false;
  uint64_t number = ++control->calls;
  if (control->mode == kCount && number < sizeof control->kinds) control->kinds[number] = kind_of(call);
  if (control->mode == kCount || control->mode == kRecord || number < control->at) return false;
  if (control->mode == kFail) {
    // The first from there that can fail so, and with it all until the last.
    if (!can_fail(call, static_cast<int>(control->error))) return false;
    if (number > control->until && control->hits != 0) return false;
  } else if (number != control->at) {
    return false;
  }
  if (control->hits++ == 0) snprintf(control->what, sizeof control->what, "%s %s", call, path);
  if (control->mode == kFail) {
    errno = static_cast<int>(control->error);
    return true;
  }
  if (control->mode == kKillAll) {
    for (uint64_t i = 0; i < control->processes && i < 512; ++i) {
      if (control->pids[i] != getpid()) kill(static_cast<pid_t>(control->pids[i]), SIGKILL);
    }
  }
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

const char* path_of(int fd, char* out) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t got = readlink(link, out, PATH_MAX - 1);
  out[got > 0 ? got : 0] = 0;
  return out;
}

// ---- the recording

bool recording() { return control != nullptr && control->mode == kRecord && control->armed != 0 && log_fd >= 0; }

class Locked {
 public:
  Locked() {
    while (control->lock.exchange(1) != 0) usleep(50);
  }
  ~Locked() { control->lock = 0; }
};

void note(const char* format, ...) {
  char line[3 * PATH_MAX];
  int size = snprintf(line, sizeof line, "%lu\t", static_cast<unsigned long>(++control->events));
  va_list arguments;
  va_start(arguments, format);
  size += vsnprintf(line + size, sizeof line - static_cast<size_t>(size) - 1, format, arguments);
  va_end(arguments);
  line[size++] = '\n';
  REAL(write);
  (void)!real_write(log_fd, line, static_cast<size_t>(size));
}

unsigned long inode_of(const char* path) {
  struct stat info {};
  return ::lstat(path, &info) == 0 ? static_cast<unsigned long>(info.st_ino) : 0;
}

// A copy of what the file holds now: its event number is its name.
unsigned long snapshot(const char* path) {
  REAL(open);
  REAL(close);
  unsigned long name = static_cast<unsigned long>(++control->events);
  char to[PATH_MAX + 32];
  snprintf(to, sizeof to, "%s/%lu", record, name);
  int in = real_open(path, O_RDONLY | O_CLOEXEC);
  int out = real_open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  struct stat info {};
  if (in >= 0 && out >= 0 && fstat(in, &info) == 0) {
    off_t at = 0;
    while (at < info.st_size && sendfile(out, in, &at, static_cast<size_t>(info.st_size - at)) > 0) {
    }
  }
  if (in >= 0) real_close(in);
  if (out >= 0) real_close(out);
  return name;
}

void note_content(const char* kind, const char* path) {
  struct stat info {};
  if (::stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return;
  unsigned long copy = snapshot(path);
  note("%s\t%lu\t%lu\t%s", kind, static_cast<unsigned long>(info.st_ino), copy, path);
}

void note_written(int fd) {
  if (!recording() || watched[fd] == 2) return;
  watched[fd] = 2;
  struct stat info {};
  if (fstat(fd, &info) != 0) return;
  Locked lock;
  note("write\t%lu", static_cast<unsigned long>(info.st_ino));
}

int opened(int fd, bool existed, const char* path, int flags) {
  if (fd < 0 || fd >= kMostFds) return fd;
  watched[fd] = 1;
  if ((flags & O_ACCMODE) != O_RDONLY) watched[fd] = 2;
  if (recording() && !existed && (flags & O_CREAT) != 0) {
    Locked lock;
    note("create\t%lu\t%s", inode_of(path), path);
  } else if (recording() && (flags & O_TRUNC) != 0) {
    Locked lock;
    note("write\t%lu", inode_of(path));
  }
  return fd;
}

bool there(const char* path) { return ::access(path, F_OK) == 0; }

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  REAL(open);
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  char name[PATH_MAX];
  if (!resolve(AT_FDCWD, path, name)) return real_open(path, flags, mode);
  bool changes = (flags & (O_CREAT | O_TRUNC)) != 0;
  if (changes && hit("open", name)) return -1;
  bool existed = !changes || there(name);
  return opened(real_open(path, flags, mode), existed, name, flags);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  return open(path, flags | O_LARGEFILE, mode);
}
int openat(int dir, const char* path, int flags, ...) {
  REAL(openat);
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  char name[PATH_MAX];
  if (!resolve(dir, path, name)) return real_openat(dir, path, flags, mode);
  bool changes = (flags & (O_CREAT | O_TRUNC)) != 0;
  if (changes && hit("open", name)) return -1;
  bool existed = !changes || there(name);
  return opened(real_openat(dir, path, flags, mode), existed, name, flags);
}
int openat64(int dir, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  return openat(dir, path, flags | O_LARGEFILE, mode);
}
int creat(const char* path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

FILE* fopen(const char* path, const char* how) {
  REAL(fopen);
  char name[PATH_MAX];
  bool reads = how[0] == 'r' && strchr(how, '+') == nullptr;
  if (reads || !resolve(AT_FDCWD, path, name)) return real_fopen(path, how);
  if (hit("fopen", name)) return nullptr;
  bool existed = there(name);
  FILE* file = real_fopen(path, how);
  int flags = how[0] == 'r' ? O_RDWR : O_CREAT | O_WRONLY | (how[0] == 'w' ? O_TRUNC : 0);
  if (file != nullptr) opened(fileno(file), existed, name, flags);
  return file;
}
int made_temporary(int fd) {
  if (fd < 0) return fd;
  char name[PATH_MAX];
  path_of(fd, name);
  if (!below(name)) return fd;
  return opened(fd, false, name, O_CREAT | O_RDWR);
}
int mkstemp(char* pattern) {
  REAL(mkstemp);
  char name[PATH_MAX];
  if (resolve(AT_FDCWD, pattern, name) && hit("mkstemp", name)) return -1;
  return made_temporary(real_mkstemp(pattern));
}
int mkstemp64(char* pattern) { return mkstemp(pattern); }
int mkostemp(char* pattern, int flags) {
  REAL(mkostemp);
  char name[PATH_MAX];
  if (resolve(AT_FDCWD, pattern, name) && hit("mkstemp", name)) return -1;
  return made_temporary(real_mkostemp(pattern, flags));
}
int mkostemp64(char* pattern, int flags) { return mkostemp(pattern, flags); }
FILE* fopen64(const char* path, const char* how) { return fopen(path, how); }

int close(int fd) {
  REAL(close);
  if (is_watched(fd)) {
    bool written = watched[fd] == 2;
    watched[fd] = 0;
    full[fd] = 0;
    if (written && recording()) {
      char path[PATH_MAX];
      path_of(fd, path);
      Locked lock;
      note_content("content", path);
    }
  }
  return real_close(fd);
}
int fclose(FILE* file) {
  REAL(fclose);
  int fd = file != nullptr ? fileno(file) : -1;
  char path[PATH_MAX] = "";
  bool written = is_watched(fd) && watched[fd] == 2;
  if (is_watched(fd)) watched[fd] = 0;
  if (written && recording()) path_of(fd, path);
  int result = real_fclose(file);
  if (written && recording() && path[0] == '/') {
    Locked lock;
    note_content("content", path);
  }
  return result;
}

#define ON_FD(call, fail)                          \
  if (is_watched(fd)) {                            \
    char path[PATH_MAX];                           \
    if (hit(call, path_of(fd, path))) return fail; \
  }

// A disk that fills up takes a first part of what is written, and says so by its size.
ssize_t write(int fd, const void* bytes, size_t size) {
  REAL(write);
  if (is_watched(fd) && full[fd].exchange(0) != 0) {
    errno = ENOSPC;
    return -1;
  }
  if (is_watched(fd)) {
    char path[PATH_MAX];
    if (hit("write", path_of(fd, path))) {
      if (errno != ENOSPC || size < 2) return -1;
      full[fd] = 1;
      size /= 2;
    }
  }
  ssize_t done = real_write(fd, bytes, size);
  if (done > 0 && is_watched(fd)) note_written(fd);
  return done;
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  REAL(pwrite);
  ON_FD("pwrite", -1)
  ssize_t done = real_pwrite(fd, bytes, size, at);
  if (done > 0 && is_watched(fd)) note_written(fd);
  return done;
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) { return pwrite(fd, bytes, size, at); }
ssize_t writev(int fd, const iovec* pieces, int count) {
  REAL(writev);
  ON_FD("writev", -1)
  ssize_t done = real_writev(fd, pieces, count);
  if (done > 0 && is_watched(fd)) note_written(fd);
  return done;
}
ssize_t pwritev(int fd, const iovec* pieces, int count, off_t at) {
  REAL(pwritev);
  ON_FD("pwritev", -1)
  ssize_t done = real_pwritev(fd, pieces, count, at);
  if (done > 0 && is_watched(fd)) note_written(fd);
  return done;
}
ssize_t pwritev64(int fd, const iovec* pieces, int count, off64_t at) { return pwritev(fd, pieces, count, at); }
ssize_t copy_file_range(int in, off64_t* from, int fd, off64_t* at, size_t size, unsigned flags) {
  REAL(copy_file_range);
  ON_FD("copy_file_range", -1)
  ssize_t done = real_copy_file_range(in, from, fd, at, size, flags);
  if (done > 0 && is_watched(fd)) note_written(fd);
  return done;
}
// What it promises is no durability of names or sizes: it counts as nothing.
int sync_file_range(int fd, off64_t at, off64_t size, unsigned flags) {
  REAL(sync_file_range);
  ON_FD("sync_file_range", -1)
  return real_sync_file_range(fd, at, size, flags);
}
int truncate(const char* path, off_t size) {
  REAL(truncate);
  char name[PATH_MAX];
  if (!resolve(AT_FDCWD, path, name)) return real_truncate(path, size);
  if (hit("truncate", name)) return -1;
  int done = real_truncate(path, size);
  if (done == 0 && recording()) {
    Locked lock;
    note("write\t%lu", inode_of(name));
    note_content("content", name);
  }
  return done;
}
int truncate64(const char* path, off64_t size) { return truncate(path, size); }
int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  ON_FD("ftruncate", -1)
  int done = real_ftruncate(fd, size);
  if (done == 0 && is_watched(fd)) note_written(fd);
  return done;
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int synced(int fd, const char* call, int (*sync)(int)) {
  if (!is_watched(fd)) return sync(fd);
  char path[PATH_MAX];
  if (hit(call, path_of(fd, path))) return -1;
  int done = sync(fd);
  if (done == 0 && recording()) {
    struct stat info {};
    Locked lock;
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) note("syncdir\t%s", path);
    else note_content("sync", path);
  }
  return done;
}
int fsync(int fd) {
  REAL(fsync);
  return synced(fd, "fsync", real_fsync);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  return synced(fd, "fdatasync", real_fdatasync);
}

int renameat(int from_dir, const char* from, int to_dir, const char* to) {
  REAL(renameat);
  char full_from[PATH_MAX], full_to[PATH_MAX];
  if (!resolve(to_dir, to, full_to) || !resolve(from_dir, from, full_from))
    return real_renameat(from_dir, from, to_dir, to);
  if (hit("rename", full_to)) return -1;
  if (!recording()) return real_renameat(from_dir, from, to_dir, to);
  Locked lock;
  int done = real_renameat(from_dir, from, to_dir, to);
  if (done == 0) note("rename\t%s\t%s", full_from, full_to);
  return done;
}
int rename(const char* from, const char* to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }
int renameat2(int from_dir, const char* from, int to_dir, const char* to, unsigned flags) {
  if (flags != 0) {
    errno = EINVAL;  // as an old file system says; callers fall back
    return -1;
  }
  return renameat(from_dir, from, to_dir, to);
}

int linkat(int from_dir, const char* from, int to_dir, const char* to, int flags) {
  REAL(linkat);
  char full_from[PATH_MAX], full_to[PATH_MAX];
  if (!resolve(to_dir, to, full_to) || !resolve(from_dir, from, full_from))
    return real_linkat(from_dir, from, to_dir, to, flags);
  if (hit("link", full_to)) return -1;
  if (!recording()) return real_linkat(from_dir, from, to_dir, to, flags);
  Locked lock;
  int done = real_linkat(from_dir, from, to_dir, to, flags);
  if (done == 0) note("link\t%s\t%s", full_from, full_to);
  return done;
}
int link(const char* from, const char* to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

// Not in the recording: a link is no file of ours, and the test of a state folder would say so.
int symlinkat(const char* to, int dir, const char* path) {
  REAL(symlinkat);
  char name[PATH_MAX];
  if (resolve(dir, path, name) && hit("symlink", name)) return -1;
  return real_symlinkat(to, dir, path);
}
int symlink(const char* to, const char* path) { return symlinkat(to, AT_FDCWD, path); }

int unlinkat(int dir, const char* path, int flags) {
  REAL(unlinkat);
  char name[PATH_MAX];
  if (!resolve(dir, path, name)) return real_unlinkat(dir, path, flags);
  if (hit("unlink", name)) return -1;
  if (!recording()) return real_unlinkat(dir, path, flags);
  Locked lock;
  int done = real_unlinkat(dir, path, flags);
  if (done == 0) note("%s\t%s", (flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", name);
  return done;
}
int unlink(const char* path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) {
  struct stat info {};
  bool folder = lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
  return unlinkat(AT_FDCWD, path, folder ? AT_REMOVEDIR : 0);
}

int mkdirat(int dir, const char* path, mode_t mode) {
  REAL(mkdirat);
  char name[PATH_MAX];
  if (!resolve(dir, path, name) || there(name)) return real_mkdirat(dir, path, mode);
  if (hit("mkdir", name)) return -1;
  if (!recording()) return real_mkdirat(dir, path, mode);
  Locked lock;
  int done = real_mkdirat(dir, path, mode);
  if (done == 0) note("mkdir\t%s", name);
  return done;
}
int mkdir(const char* path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
char* mkdtemp(char* pattern) {
  REAL(mkdtemp);
  char name[PATH_MAX];
  if (!resolve(AT_FDCWD, pattern, name)) return real_mkdtemp(pattern);
  if (hit("mkdtemp", name)) return nullptr;
  if (!recording()) return real_mkdtemp(pattern);
  Locked lock;
  char* made = real_mkdtemp(pattern);
  if (made != nullptr && resolve(AT_FDCWD, made, name)) note("mkdir\t%s", name);
  return made;
}

int chmod(const char* path, mode_t mode) {
  REAL(chmod);
  char name[PATH_MAX];
  if (resolve(AT_FDCWD, path, name) && hit("chmod", name)) return -1;
  return real_chmod(path, mode);
}
int fchmod(int fd, mode_t mode) {
  REAL(fchmod);
  ON_FD("fchmod", -1)
  return real_fchmod(fd, mode);
}

}  // extern "C"

#include "render/helm/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <vector>

namespace autonomous::helm {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the seccomp filter knows x86-64 and ARM64"
#endif

void limit(int what, rlim_t value) {
  struct rlimit both = {value, value};
  setrlimit(static_cast<__rlimit_resource_t>(what), &both);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// Reading below the time zone database, and nothing else of any file system. False: the kernel has no Landlock.
bool close_files() {
  struct landlock_ruleset_attr rules = {};
  rules.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // everything of the first version
  auto set = static_cast<int>(syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0));
  if (set < 0) return false;
  int zones = ::open("/usr/share/zoneinfo", O_PATH | O_CLOEXEC);
  if (zones >= 0) {
    struct landlock_path_beneath_attr beneath = {};
    beneath.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
    beneath.parent_fd = zones;
    syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    ::close(zones);
  }
  bool closed = syscall(SYS_landlock_restrict_self, set, 0) == 0;
  ::close(set);
  return closed;
}

constexpr int kAllowed[] = {
    SYS_read,         SYS_write,        SYS_close,
    SYS_pread64,      SYS_lseek,        SYS_fstat,
    SYS_newfstatat,   SYS_mmap,         SYS_munmap,
    SYS_mprotect,     SYS_mremap,       SYS_madvise,
    SYS_brk,          SYS_futex,        SYS_set_robust_list,
    SYS_rseq,         SYS_sched_yield,  SYS_sched_getaffinity,
    SYS_membarrier,   SYS_rt_sigaction, SYS_rt_sigprocmask,
    SYS_rt_sigreturn, SYS_sigaltstack,  SYS_tgkill,
    SYS_getpid,       SYS_gettid,       SYS_clock_gettime,
    SYS_gettimeofday, SYS_getrandom,    SYS_getrusage,
    SYS_prlimit64,    SYS_exit,         SYS_exit_group,
#if defined(__x86_64__)
    SYS_getrlimit,    SYS_setrlimit,    SYS_time,
#endif
};

constexpr int kDeadly[] = {
    SYS_execve,           SYS_execveat,          SYS_socket,         SYS_socketpair, SYS_connect, SYS_bind, SYS_ptrace,
    SYS_process_vm_readv, SYS_process_vm_writev, SYS_io_uring_setup, SYS_bpf,        SYS_unshare, SYS_mount};

void filter_calls(bool may_open) {
  std::vector<sock_filter> program;
  auto load = [&](size_t at) { program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(at))); };
  auto answer = [&](uint32_t action) { program.push_back(BPF_STMT(BPF_RET | BPF_K, action)); };
  auto answer_if = [&](int number, uint32_t action) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1));
    answer(action);
  };
  constexpr uint32_t kDenied = SECCOMP_RET_ERRNO | EPERM;
  // The low half of an argument: all flags looked at lie there.
  auto argument = [](int index) { return offsetof(struct seccomp_data, args) + 8 * static_cast<size_t>(index); };

  load(offsetof(struct seccomp_data, arch));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  answer(SECCOMP_RET_KILL_PROCESS);
  load(offsetof(struct seccomp_data, nr));
  for (int number : kAllowed) answer_if(number, SECCOMP_RET_ALLOW);
  for (int number : kDeadly) answer_if(number, SECCOMP_RET_KILL_PROCESS);
  // clone3 hides its flags in memory; glibc falls back to clone.
  answer_if(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4));
  load(argument(0));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1));
  answer(SECCOMP_RET_ALLOW);
  answer(kDenied);
  if (may_open) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 4));
    load(argument(2));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 1, 0));
    answer(SECCOMP_RET_ALLOW);
    answer(kDenied);
  }
  answer(kDenied);
  struct sock_fprog whole = {static_cast<unsigned short>(program.size()), program.data()};
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole);
}

#endif

}  // namespace

void cap_memory([[maybe_unused]] uint64_t bytes) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  struct rlimit now = {};
  getrlimit(RLIMIT_AS, &now);
  if (now.rlim_cur != RLIM_INFINITY && now.rlim_cur <= bytes) return;
  now.rlim_cur = std::min<rlim_t>(bytes, now.rlim_max);
  setrlimit(RLIMIT_AS, &now);
#endif
}

void enter_sandbox([[maybe_unused]] uint64_t memory_bytes) {
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NOFILE, 16);
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (memory_bytes != 0) limit(RLIMIT_AS, memory_bytes);
  filter_calls(close_files());
#endif
}

}  // namespace autonomous::helm

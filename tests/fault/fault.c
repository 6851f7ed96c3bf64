/* Makes the n-th call that changes files below a folder fail, to see what the program makes of it.
 *
 * Loaded with LD_PRELOAD. Calls are caught by a seccomp filter and a handler of SIGSYS, not by
 * replacing functions of the C library, because some of the program's crates call the kernel
 * directly. Linux on x86-64 and arm64.
 *
 *   ONCOTWIN_FAULT_DIR    only calls on paths below this folder count
 *   ONCOTWIN_FAULT_LOG    file that gets one line per counted call ("n call path"); outside DIR
 *   ONCOTWIN_FAULT_AT     number of the call that fails, from 1; 0 for none
 *   ONCOTWIN_FAULT_ERRNO  what it fails with (28 ENOSPC, 5 EIO)
 *   ONCOTWIN_FAULT_LASTS  1: so do all calls after it
 *
 * Without ONCOTWIN_FAULT_DIR the library does nothing. Exit code 97 says that it cannot work here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "no system call convention is known for this processor"
#endif

/* The handler's own calls carry this as sixth argument, which none of the calls below has. */
#define PASS 0x6f6e636f7477696eULL

enum where { BY_FD, BY_PATH, BY_PATH_AT, OPEN, OPEN_AT };

static const struct call {
    int number;
    enum where where;
    /* Argument that holds the path; for OPEN the flags follow it. */
    int path;
    const char *name;
} CALLS[] = {
    {SYS_write, BY_FD, 0, "write"},
    {SYS_pwrite64, BY_FD, 0, "pwrite64"},
    {SYS_writev, BY_FD, 0, "writev"},
    {SYS_pwritev, BY_FD, 0, "pwritev"},
    {SYS_copy_file_range, BY_FD, 2, "copy_file_range"},
    {SYS_sendfile, BY_FD, 0, "sendfile"},
    {SYS_fsync, BY_FD, 0, "fsync"},
    {SYS_fdatasync, BY_FD, 0, "fdatasync"},
    {SYS_ftruncate, BY_FD, 0, "ftruncate"},
    {SYS_fallocate, BY_FD, 0, "fallocate"},
    {SYS_openat, OPEN_AT, 1, "openat"},
    {SYS_renameat, BY_PATH_AT, 3, "renameat"},
    {SYS_renameat2, BY_PATH_AT, 3, "renameat2"},
    {SYS_linkat, BY_PATH_AT, 3, "linkat"},
    {SYS_unlinkat, BY_PATH_AT, 1, "unlinkat"},
    {SYS_mkdirat, BY_PATH_AT, 1, "mkdirat"},
#ifdef SYS_open
    {SYS_open, OPEN, 0, "open"},
#endif
#ifdef SYS_creat
    {SYS_creat, BY_PATH, 0, "creat"},
#endif
#ifdef SYS_rename
    {SYS_rename, BY_PATH, 1, "rename"},
#endif
#ifdef SYS_link
    {SYS_link, BY_PATH, 1, "link"},
#endif
#ifdef SYS_unlink
    {SYS_unlink, BY_PATH, 0, "unlink"},
#endif
#ifdef SYS_rmdir
    {SYS_rmdir, BY_PATH, 0, "rmdir"},
#endif
#ifdef SYS_mkdir
    {SYS_mkdir, BY_PATH, 0, "mkdir"},
#endif
};
#define N_CALLS (sizeof CALLS / sizeof *CALLS)

static const char *dir;
static size_t dir_length;
static long fail_at, fail_errno;
static int lasts, log_fd = -1;
static long counted;

static long pass(long number, const long *a)
{
    /* The sixth argument marks the call for the filter. */
    long result = syscall(number, a[0], a[1], a[2], a[3], a[4], PASS);
    return result == -1 ? -errno : result;
}

static size_t put(char *line, size_t at, const char *text)
{
    while (*text && at < PATH_MAX + 60)
        line[at++] = *text++;
    return at;
}

static size_t put_number(char *line, size_t at, long n)
{
    char digits[24];
    int i = sizeof digits;
    digits[--i] = 0;
    do
        digits[--i] = (char)('0' + n % 10);
    while (n /= 10);
    return put(line, at, digits + i);
}

/* The path that a descriptor stands for. */
static int path_of(long fd, char *path)
{
    char link[40];
    size_t end = put(link, 0, "/proc/self/fd/");
    end = put_number(link, end, fd);
    link[end] = 0;
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (fd < 0 || length < 0)
        return 0;
    path[length] = 0;
    return 1;
}

static int is_below(const char *path)
{
    return strncmp(path, dir, dir_length) == 0 && (path[dir_length] == '/' || !path[dir_length]);
}

/* Whether the call is one that counts; `path` becomes what it is about. */
static int concerns(const struct call *call, const long *a, char *path)
{
    if (call->where == BY_FD)
        return path_of(a[call->path], path) && is_below(path);
    const char *named = (const char *)a[call->path];
    int at = call->where == BY_PATH_AT || call->where == OPEN_AT;
    size_t end = 0;
    if (named[0] != '/' && at && path_of(a[call->path - 1], path))
        end = put(path, strlen(path), "/");
    end = put(path, end, named);
    path[end] = 0;
    return is_below(path);
}

static void note(long n, const char *name, const char *path)
{
    char line[PATH_MAX + 64];
    size_t end = put_number(line, 0, n);
    end = put(line, end, " ");
    end = put(line, end, name);
    end = put(line, end, " ");
    end = put(line, end, path);
    line[end++] = '\n';
    long a[5] = {log_fd, (long)line, (long)end, 0, 0};
    pass(SYS_write, a);
}

static void on_call(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    int saved = errno;
    ucontext_t *u = context;
#if defined(__x86_64__)
    greg_t *r = u->uc_mcontext.gregs;
    long a[5] = {r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8]};
#else
    unsigned long long *r = u->uc_mcontext.regs;
    long a[5] = {r[0], r[1], r[2], r[3], r[4]};
#endif
    long number = info->si_syscall, result = 0;
    int fails = 0;
    for (size_t i = 0; i < N_CALLS; i++) {
        char path[2 * PATH_MAX];
        if (CALLS[i].number != number || !concerns(&CALLS[i], a, path))
            continue;
        long n = __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
        note(n, CALLS[i].name, path + dir_length);
        fails = fail_at && (n == fail_at || (lasts && n > fail_at));
    }
    result = fails ? -fail_errno : pass(number, a);
#if defined(__x86_64__)
    r[REG_RAX] = result;
#else
    r[0] = result;
#endif
    errno = saved;
}

static long setting(const char *name)
{
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static int install(void)
{
    struct sock_filter f[8 + 8 * N_CALLS];
    size_t n = 0;
#define LOAD(field) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, what)
#define SKIP_UNLESS(value, count) (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count)
    f[n++] = LOAD(arch);
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    f[n++] = RETURN(SECCOMP_RET_ALLOW);
    /* Both processors are little-endian: the low half comes first. */
    f[n++] = LOAD(args[5]);
    f[n++] = SKIP_UNLESS((uint32_t)PASS, 3);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5]) + 4);
    f[n++] = SKIP_UNLESS((uint32_t)(PASS >> 32), 1);
    f[n++] = RETURN(SECCOMP_RET_ALLOW);
    for (size_t i = 0; i < N_CALLS; i++) {
        int opens = CALLS[i].where == OPEN || CALLS[i].where == OPEN_AT;
        f[n++] = LOAD(nr);
        f[n++] = SKIP_UNLESS(CALLS[i].number, opens ? 3 : 1);
        if (opens) {
            f[n++] = (struct sock_filter)BPF_STMT(
                BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]) + 8 * (CALLS[i].path + 1));
            f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_CREAT, 0, 1);
        }
        f[n++] = RETURN(SECCOMP_RET_TRAP);
    }
    f[n++] = RETURN(SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = (unsigned short)n, .filter = f};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *log = getenv("ONCOTWIN_FAULT_LOG");
    dir = getenv("ONCOTWIN_FAULT_DIR");
    if (!dir)
        return;
    dir_length = strlen(dir);
    fail_at = setting("ONCOTWIN_FAULT_AT");
    fail_errno = setting("ONCOTWIN_FAULT_ERRNO");
    lasts = setting("ONCOTWIN_FAULT_LASTS") == 1;
    /* First of all: a filter outlives exec, a handler does not. */
    struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER};
    int caught = sigaction(SIGSYS, &action, NULL) == 0;
    if (log)
        log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0 || !caught || !install())
        _exit(97);
}

/* Loops that a compiled loop is held against: one request a line on stdin, one answer in seconds a line on stdout.
   cc -O3 -march=native loops.c -o loops -lm
     decay N    N steps of x = x * 0.999 + 0.1
     lorenz N   N steps of the classical Runge-Kutta method on Lorenz' equations, h = 0.001 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

__attribute__((noinline)) static float decay(float x, long n) {
    for (long i = 0; i < n; i++) x = x * 0.999f + 0.1f;
    return x;
}

typedef struct { float x, y, z; } state;

static inline state slope(state s) {
    return (state){10.0f * (s.y - s.x), s.x * (28.0f - s.z) - s.y, s.x * s.y - (8.0f / 3.0f) * s.z};
}

static inline state moved(state s, state k, float c) {
    return (state){s.x + c * k.x, s.y + c * k.y, s.z + c * k.z};
}

__attribute__((noinline)) static state lorenz(state s, long n) {
    const float h = 1e-3f;
    for (long i = 0; i < n; i++) {
        state a = slope(s), b = slope(moved(s, a, h / 2)), c = slope(moved(s, b, h / 2)), d = slope(moved(s, c, h));
        s.x += h / 6 * (a.x + 2 * b.x + 2 * c.x + d.x);
        s.y += h / 6 * (a.y + 2 * b.y + 2 * c.y + d.y);
        s.z += h / 6 * (a.z + 2 * b.z + 2 * c.z + d.z);
    }
    return s;
}

int main(void) {
    char what[16];
    long n;
    volatile float sink = 0;
    while (scanf("%15s %ld", what, &n) == 2) {
        double start = now();
        if (!strcmp(what, "decay")) sink += decay(1.0f, n);
        else if (!strcmp(what, "lorenz")) sink += lorenz((state){1, 1, 1}, n).x;
        else return 2;
        printf("%.9g\n", now() - start);
        fflush(stdout);
    }
    return 0;
}

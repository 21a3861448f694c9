# Intervals and exact tests for one proportion, and descriptive statistics, by base R.
#
# Writes proportions.csv, proportion_intervals.csv, lower_limits.csv,
# binomial_tests.csv, descriptive_data.csv and descriptive.csv to the folder
# given as first argument (default: that of this script). Knows nothing of onearm.
#
#   Rscript proportions.R [folder]

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
given <- commandArgs(TRUE)
target <- if (length(given) > 0) given[1] else here

digits17 <- function(x) ifelse(is.na(x), "", sprintf("%.17g", x))

save_table <- function(rows, name) {
  numbers <- vapply(rows, is.numeric, TRUE)
  rows[numbers] <- lapply(rows[numbers], digits17)
  file <- file(file.path(target, name), "w")
  writeLines(sprintf("# %s; proportions.R", R.version.string), file)
  write.csv(rows, file, row.names = FALSE, quote = FALSE)
  close(file)
}

# Intervals: binom.test (Clopper-Pearson), prop.test without correction (Wilson).

counts <- do.call(rbind, lapply(c(1, 2, 5, 12, 18, 24, 30, 47, 148, 263), function(n)
  data.frame(x = unique(round(seq(0, n, length.out = min(n + 1, 13)))), n = n)))
counts <- rbind(counts, data.frame(x = c(11, 23, 1, 3, 40, 500), n = c(30, 30, 1000, 2000, 4000, 100000)))
grid <- merge(counts, data.frame(level = c(0.8, 0.9, 0.95, 0.99)))
intervals <- do.call(rbind, Map(function(x, n, level) {
  exact <- binom.test(x, n, conf.level = level)$conf.int
  score <- suppressWarnings(prop.test(x, n, conf.level = level, correct = FALSE)$conf.int)
  data.frame(successes = x, trials = n, level = level, exact_lower = exact[1],
             exact_upper = exact[2], wilson_lower = score[1], wilson_upper = score[2])
}, grid$x, grid$n, grid$level))
save_table(intervals, "proportions.csv")

# Intervals that base R has no function for. The packages that have them (exactci,
# BlakerCI, PropCIs) are not used: each limit is found here from its definition.
# Jeffreys: by integrating the posterior density. Agresti and Coull: the Wald
# interval of the counts with z*z/2 added. Mid-P: by root finding on sums of
# dbinom. Blaker: by scanning the acceptability, as defined, on a fine grid.

# With p = sin(a)^2 the posterior density is smooth in a: sin(a)^(2x) cos(a)^(2(n-x)).
jeffreys_limits <- function(x, n, level) {
  one_end <- function(x) {
    height <- function(a) sin(a)^(2 * x) * cos(a)^(2 * (n - x))
    top <- height(asin(sqrt(x / n)))
    area <- function(a) integrate(function(a) height(a) / top, 0, a, rel.tol = 1e-12)$value
    whole <- area(pi / 2)
    sin(uniroot(function(a) area(a) / whole - (1 - level) / 2, c(1e-9, pi / 2), tol = 1e-14)$root)^2
  }
  c(if (x == 0) 0 else one_end(x), if (x == n) 1 else 1 - one_end(n - x))
}

wald_limits <- function(x, n, level) {
  z <- qnorm(1 - (1 - level) / 2)
  pmin(1, pmax(0, x / n + c(-1, 1) * z * sqrt(x / n * (1 - x / n) / n)))
}

agresti_coull_limits <- function(x, n, level) {
  z <- qnorm(1 - (1 - level) / 2)
  wald_limits(x + z^2 / 2, n + z^2, level)
}

mid_p_limits <- function(x, n, level) {
  tail <- (1 - level) / 2
  upper_tail <- function(p) sum(dbinom((0:n)[0:n > x], n, p)) + dbinom(x, n, p) / 2
  root <- function(f) uniroot(f, c(1e-12, 1 - 1e-12), tol = 1e-14)$root
  c(if (x == 0) 0 else root(function(p) upper_tail(p) - tail),
    if (x == n) 1 else root(function(p) 1 - upper_tail(p) - tail))
}

# Blaker: the probability of all outcomes whose smaller tail is not above that of x.
acceptability <- function(x, n, p) {
  below <- outer(0:n, p, function(k, p) pbinom(k, n, p))
  above <- outer(0:n, p, function(k, p) pbinom(k - 1, n, p, lower.tail = FALSE))
  smaller <- pmin(below, above)
  not_above <- smaller <= matrix(smaller[x + 1, ] * (1 + 1e-12), n + 1, length(p), byrow = TRUE)
  colSums(outer(0:n, p, function(k, p) dbinom(k, n, p)) * not_above)
}

blaker_lower <- function(x, n, level) {
  if (x == 0) return(0)
  grid <- seq(qbeta((1 - level) / 2, x, n - x + 1), x / n, length.out = 1201)
  first <- which(acceptability(x, n, grid) >= 1 - level)[1]
  if (first == 1) return(grid[1])
  low <- grid[first - 1]
  high <- grid[first]
  for (i in 1:60) {
    middle <- (low + high) / 2
    if (acceptability(x, n, middle) >= 1 - level) high <- middle else low <- middle
  }
  high
}

by_hand <- grid[grid$n <= 47, ]
save_table(do.call(rbind, Map(function(x, n, level) {
  jeffreys <- jeffreys_limits(x, n, level)
  agresti_coull <- agresti_coull_limits(x, n, level)
  mid_p <- mid_p_limits(x, n, level)
  wald <- wald_limits(x, n, level)
  data.frame(successes = x, trials = n, level = level,
             jeffreys_lower = jeffreys[1], jeffreys_upper = jeffreys[2],
             agresti_coull_lower = agresti_coull[1], agresti_coull_upper = agresti_coull[2],
             mid_p_lower = mid_p[1], mid_p_upper = mid_p[2],
             blaker_lower = blaker_lower(x, n, level),
             blaker_upper = 1 - blaker_lower(n - x, n, level),
             wald_lower = wald[1], wald_upper = wald[2])
}, by_hand$x, by_hand$n, by_hand$level)), "proportion_intervals.csv")

# One-sided lower limits: whole counts by binom.test, fractional by root finding.

lower_root <- function(x, n, alpha) {
  # P(X >= x) as a function of a real x: the incomplete beta function of the tail.
  uniroot(function(p) pbeta(p, x, n - x + 1) - alpha, c(1e-12, x / n), tol = 1e-15)$root
}
whole <- do.call(rbind, Map(function(x, n, alpha) {
  limit <- binom.test(x, n, alternative = "greater", conf.level = 1 - alpha)$conf.int[1]
  data.frame(successes = x, trials = n, alpha = alpha, lower = limit, by = "binom.test")
}, c(0, 1, 7, 8, 11, 24, 30), c(24, 24, 24, 24, 30, 24, 30), c(0.05, 0.05, 0.05, 0.05, 0.025, 0.1, 0.05)))
fractional <- do.call(rbind, Map(function(x, n, alpha) {
  data.frame(successes = x, trials = n, alpha = alpha, lower = lower_root(x, n, alpha), by = "uniroot")
}, c(7.2, 6.9, 0.5, 4.5, 9.6), c(24, 23, 10, 15, 32), c(0.05, 0.05, 0.05, 0.1, 0.025)))
save_table(rbind(whole, fractional), "lower_limits.csv")

# Exact tests.

tested <- merge(rbind(counts[counts$n <= 148, ], data.frame(x = c(3, 40), n = c(2000, 4000))),
                data.frame(null = c(0.01, 0.05, 0.15, 0.2, 0.25, 1 / 3, 0.5, 0.75, 0.9)))
save_table(do.call(rbind, Map(function(x, n, null) {
  p <- function(alternative) binom.test(x, n, null, alternative)$p.value
  data.frame(successes = x, trials = n, null = null, greater = p("greater"), less = p("less"),
             two_sided = p("two.sided"))
}, tested$x, tested$n, tested$null)), "binomial_tests.csv")

# Descriptive statistics.

suppressWarnings(RNGversion("4.0.0"))
set.seed(20221101)
lists <- c(
  list(camis = c(10, 20, 30, 40, 150, 160, 170, 180, 190, 200), one = 7.5, two = c(3, 8),
       equal = rep(4.2, 6), shifted = 1e9 + c(4, 7, 13, 16), precip = as.numeric(precip),
       rivers = as.numeric(rivers), negative = c(-3.5, -1, 0, 0.25, 11)),
  lapply(setNames(3:22, sprintf("random-%02d", 3:22)), function(n) round(rexp(n, 1 / 50), 2))
)
save_table(do.call(rbind, Map(function(name, x) data.frame(list = name, value = x),
                              names(lists), lists)), "descriptive_data.csv")
save_table(do.call(rbind, Map(function(name, x) {
  q <- function(type) unname(quantile(x, c(0.25, 0.5, 0.75), type = type))
  data.frame(list = name, n = length(x), mean = mean(x), sd = sd(x), median = median(x),
             type2_q1 = q(2)[1], type2_q2 = q(2)[2], type2_q3 = q(2)[3],
             type7_q1 = q(7)[1], type7_q3 = q(7)[3], minimum = min(x), maximum = max(x))
}, names(lists), lists)), "descriptive.csv")

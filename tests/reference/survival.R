# Kaplan-Meier curves, quantiles and landmark rates by R's survival package.
#
# Takes gastric-xelox.csv and tqb2450-ib-02.csv from the folder of this script;
# writes survival_data.csv, survival_curves.csv, survival_quantiles.csv,
# survival_rates.csv, survival_means.csv, logrank_data.csv, logrank.csv and
# one_sample_logrank.csv to the folder given as first argument (default: the same).
# Knows nothing of onearm.
#
#   Rscript survival.R [folder]

suppressPackageStartupMessages(library(survival))

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
given <- commandArgs(TRUE)
target <- if (length(given) > 0) given[1] else here

TRANSFORMS <- c("log-log", "log", "plain", "logit", "arcsin")
PROBS <- c(0.1, 0.25, 0.5, 0.75, 0.9)

digits17 <- function(x) ifelse(is.na(x), "", sprintf("%.17g", x))

save_table <- function(rows, name) {
  numbers <- vapply(rows, is.numeric, TRUE)
  rows[numbers] <- lapply(rows[numbers], digits17)
  file <- file(file.path(target, name), "w")
  writeLines(sprintf("# %s; survival %s; survival.R", R.version.string,
                     packageVersion("survival")), file)
  write.csv(rows, file, row.names = FALSE, quote = FALSE)
  close(file)
}

one <- function(name, time, status, level = 0.95) {
  list(name = name, time = as.numeric(time), status = as.integer(status), level = level)
}

# Data sets.

sets <- list(
  one("lung", lung$time, lung$status == 2),
  one("lung-90", lung$time, lung$status == 2, level = 0.90),
  one("veteran-1", veteran$time[veteran$trt == 1], veteran$status[veteran$trt == 1]),
  one("veteran-2", veteran$time[veteran$trt == 2], veteran$status[veteran$trt == 2]),
  one("ovarian", ovarian$futime, ovarian$fustat),
  one("ovarian-1", ovarian$futime[ovarian$rx == 1], ovarian$fustat[ovarian$rx == 1]),
  one("ovarian-2", ovarian$futime[ovarian$rx == 2], ovarian$fustat[ovarian$rx == 2]),
  one("aml", aml$time, aml$status),
  one("aml-maintained", aml$time[aml$x == "Maintained"], aml$status[aml$x == "Maintained"]),
  one("aml-nonmaintained", aml$time[aml$x != "Maintained"], aml$status[aml$x != "Maintained"]),
  # The example of the CAMIS comparison of R and SAS: level at 0.5 until follow-up ends.
  one("level-to-end", c(54, 75, 77, 84, 87, 92, 103, 105, 112, 118), rep(1:0, each = 5)),
  one("level-at-half", c(40, 52, 53, 60), c(1, 1, 1, 0)),
  # 13/14 * 12/13 * ... * 7/8 is 1/2, and its floating-point product need not be.
  one("level-but-for-rounding", c(1:14, 15), c(0, rep(1, 7), 0, rep(1, 3), 0, 1, 0)),
  one("level-but-for-rounding-at-once", c(1, rep(2, 6), 3, 4, 5, 5, 7, 8, 9),
      c(rep(1, 7), 0, 1, 0, 1, 1, 1, 0)),
  one("last-is-event", c(88, 91, 146, 146, 146), c(1, 0, 1, 1, 1)),
  one("all-fail-one-by-one", c(88, 100, 120, 130, 146), rep(1, 5)),
  one("all-fail-at-once", rep(5, 5), rep(1, 5)),
  one("one-failed", 7, 1),
  one("one-censored", 7, 0),
  one("no-events", c(3, 5, 5, 9), rep(0, 4)),
  one("ties-of-both", c(4, 4, 4, 6, 6, 9, 9, 9, 12, 12), c(1, 0, 1, 1, 0, 0, 0, 1, 1, 0)),
  one("tie-at-the-end", c(5, 5), c(1, 0)),
  one("first-event-at-once", c(1, 1, 2, 30, 40, 50, 60), c(1, 1, 1, 0, 1, 0, 0)),
  one("censored-first", c(5, 10, 20, 30), c(0, 1, 0, 1)),
  one("straight-across", c(rep(5, 90), 6:15), c(rep(1, 90), rep(0, 10))),
  one("long-flat-tail", c(10, 12, 15, 200, 210, 220, 230, 240), c(1, 1, 0, 0, 0, 0, 0, 0)),
  # Plain limits of exactly 1/2 at S = 3/4 and S = 1/4, as z times the error is 1/4 there.
  one("limits-at-half", 1:8, rep(1, 8), level = 2 * pnorm(0.25 / sqrt(3 / 16 / 8)) - 1),
  one("limit-at-half-then-none", 1:4, rep(1, 4), level = 2 * pnorm(0.25 / sqrt(3 / 16 / 4)) - 1),
  one("limit-at-half-to-end", 1:4, c(1, 1, 1, 0), level = 2 * pnorm(0.25 / sqrt(3 / 16 / 4)) - 1),
  one("limits-beyond-0-and-1", 1:10, rep(1, 10), level = 0.999),
  # Times apart by a rounding error, which R makes one: near 1, near 1000, and in a chain.
  one("near-ties", c(0.1 + 0.2, 0.3, 0.7, 3 * 0.1, 1.1, 1.1 + 1e-12, 2), c(1, 1, 1, 0, 1, 0, 1)),
  one("near-ties-of-large-times", c(1000, 1000 + 1e-6, 2000, 1500, 1500 + 2e-5, 3000),
      c(1, 1, 0, 1, 1, 1)),
  one("near-ties-in-a-chain", c(5, 5 + 1e-8, 5 + 2e-8, 5 + 3e-8, 9, 9 + 1e-3), c(1, 0, 1, 1, 1, 0)),
  one("near-ties-in-months", c(61, 61, 92, 122, 153, 30) / 30.4375 * c(1, 1 + 2e-16, 1, 1, 1, 1),
      c(1, 1, 0, 1, 1, 0)),
  one("level-80", c(12, 30, 31, 47, 59, 60, 61, 80), c(1, 0, 1, 1, 1, 0, 1, 0), level = 0.80)
)

gastric <- read.csv(file.path(here, "gastric-xelox.csv"))
sets <- c(sets, list(one("gastric-xelox", gastric$time_weeks, gastric$event)))
tqb <- read.csv(file.path(here, "tqb2450-ib-02.csv"))
for (endpoint in unique(tqb$endpoint)) {
  rows <- tqb[tqb$endpoint == endpoint, ]
  sets <- c(sets, list(one(paste0("tqb2450-", tolower(endpoint)), rows$days, rows$event)))
}

# Small sets with many ties, where the edges are.
suppressWarnings(RNGversion("4.0.0"))
set.seed(20221101)
for (i in 1:120) {
  n <- sample(2:16, 1)
  sets <- c(sets, list(one(sprintf("small-%03d", i), sample(1:12, n, replace = TRUE),
                           rbinom(n, 1, sample(c(0.4, 0.7, 0.9), 1)),
                           level = sample(c(0.8, 0.9, 0.95), 1))))
}

save_table(do.call(rbind, lapply(sets, function(s)
  data.frame(dataset = s$name, level = s$level, time = s$time, event = s$status))),
  "survival_data.csv")

# Results.

curve_rows <- function(s) {
  fits <- lapply(TRANSFORMS, function(t) fit_curve(s, t))
  first <- fits[[1]]
  rows <- data.frame(dataset = s$name, time = first$time, n_risk = first$n.risk,
                     n_event = first$n.event, n_censor = first$n.censor,
                     survival = first$surv, std_error = first$std.err * first$surv)
  for (i in seq_along(TRANSFORMS)) {
    rows[[paste0(TRANSFORMS[i], "_lower")]] <- fits[[i]]$lower
    rows[[paste0(TRANSFORMS[i], "_upper")]] <- fits[[i]]$upper
  }
  rows
}

fit_curve <- function(s, transform, reverse = FALSE) {
  status <- if (reverse) 1 - s$status else s$status
  survfit(Surv(s$time, status) ~ 1, conf.type = transform, conf.int = s$level)
}

# quantile() answers NA to all if the smallest probability exceeds the lowest
# point of the curve, and forgets its tolerance in that one comparison: a curve
# level at the smallest probability but for rounding would have no quantile.
# A still smaller probability first, and dropped, avoids that.
quantile_rows <- function(s, transform, reverse) {
  fit <- fit_curve(s, transform, reverse)
  q <- lapply(quantile(fit, probs = c(1e-4, PROBS)), function(x) unname(x)[-1])
  printed <- summary(fit)$table
  is_median <- PROBS == 0.5
  data.frame(dataset = s$name, curve = if (reverse) "reverse" else "forward",
             transform = transform, p = PROBS, value = q$quantile,
             lower = q$lower, upper = q$upper,
             printed_value = ifelse(is_median, printed["median"], NA),
             printed_lower = ifelse(is_median, printed[8], NA),
             printed_upper = ifelse(is_median, printed[9], NA))
}

rate_rows <- function(s, transform) {
  fit <- fit_curve(s, transform)
  days <- sort(unique(c(0, min(s$time) / 2, s$time[1], median(s$time) + 0.25,
                        quantile(s$time, 0.8, type = 1), max(s$time), max(s$time) + 1,
                        if (max(s$time) > 400) c(182.625, 365.25))))
  found <- summary(fit, times = days, extend = FALSE)
  at <- match(days, found$time)
  data.frame(dataset = s$name, transform = transform, day = days,
             n_risk = ifelse(is.na(at), 0, found$n.risk[at]), survival = found$surv[at],
             std_error = found$std.err[at], lower = found$lower[at], upper = found$upper[at])
}

# R refuses a horizon that is not after the first time.
mean_rows <- function(s) {
  fit <- fit_curve(s, "log-log")
  ends <- max(s$time)
  tau <- unique(c(median(s$time), 0.9 * ends, ends, 1.25 * ends))
  tau <- tau[tau > min(fit$time)]
  found <- t(vapply(tau, function(t) summary(fit, rmean = t)$table[c("rmean", "se(rmean)")], c(0, 0)))
  data.frame(dataset = s$name, tau = tau, value = found[, 1], std_error = found[, 2])
}

# Log-rank tests: survdiff gives O, E, their covariance and the chi-square of k groups.

gehan <- data.frame(
  time = c(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23,
           6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
  event = c(rep(1, 21), 1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0),
  group = rep(c("control", "6-MP"), each = 21))
compared <- function(name, time, event, group) {
  data.frame(dataset = name, time = as.numeric(time), event = as.integer(event),
             group = as.character(group))
}
comparisons <- list(
  compared("gehan", gehan$time, gehan$event, gehan$group),
  compared("ovarian", ovarian$futime, ovarian$fustat, ovarian$rx),
  compared("aml", aml$time, aml$status, aml$x),
  compared("veteran-celltype", veteran$time, veteran$status, veteran$celltype),
  compared("lung-sex", lung$time, lung$status == 2, lung$sex),
  compared("near-ties", c(0.1 + 0.2, 0.3, 0.5, 0.7, 0.9, 1.1), c(1, 1, 1, 0, 1, 1),
           c(1, 2, 1, 2, 2, 1)),
  compared("apart", c(1, 2, 3, 10, 11, 12), c(1, 1, 1, 1, 1, 0), c(1, 1, 1, 2, 2, 2)))
for (i in 1:40) {
  n <- sample(6:24, 1)
  k <- sample(2:4, 1)
  comparisons <- c(comparisons, list(compared(sprintf("random-%02d", i),
    sample(1:15, n, replace = TRUE), c(1, rbinom(n - 1, 1, 0.7)),
    c(1:k, sample(1:k, n - k, replace = TRUE)))))
}
logrank_rows <- function(d) {
  fit <- survdiff(Surv(time, event) ~ group, data = d)
  data.frame(dataset = d$dataset[1], group = sub("^group=", "", names(fit$n)), n = as.vector(fit$n),
             observed = fit$obs, expected = fit$exp, variance = diag(fit$var), chi_square = fit$chisq)
}

# One-sample log-rank: survdiff with an offset gives O, E and (O - E)^2 / E; poisson.test the
# limits of O / E. The survival under the null hypothesis is by pexp and pweibull.
one_sample_rows <- function(s) {
  do.call(rbind, lapply(c(0.5, 1, 1.7), function(shape) {
    day <- median(s$time)
    scale <- day / (-log(0.6))^(1 / shape)
    null <- if (shape == 1) pexp(s$time, 1 / scale, lower.tail = FALSE) else
      pweibull(s$time, shape, scale, lower.tail = FALSE)
    fit <- survdiff(Surv(s$time, s$status) ~ offset(null))
    ratio <- poisson.test(sum(s$status), fit$exp, conf.level = s$level)
    data.frame(dataset = s$name, shape = shape, day = day, survival = 0.6, observed = fit$obs,
               expected = fit$exp, chi_square = fit$chisq,
               ratio = unname(ratio$estimate), lower = ratio$conf.int[1], upper = ratio$conf.int[2])
  }))
}

each <- function(f) do.call(rbind, lapply(sets, f))
save_table(each(curve_rows), "survival_curves.csv")
save_table(each(function(s) do.call(rbind, lapply(TRANSFORMS, function(t)
  rbind(quantile_rows(s, t, FALSE), quantile_rows(s, t, TRUE))))), "survival_quantiles.csv")
save_table(each(function(s) do.call(rbind, lapply(TRANSFORMS, function(t) rate_rows(s, t)))),
           "survival_rates.csv")
save_table(each(mean_rows), "survival_means.csv")
save_table(do.call(rbind, comparisons), "logrank_data.csv")
save_table(do.call(rbind, lapply(comparisons, logrank_rows)), "logrank.csv")
save_table(each(one_sample_rows), "one_sample_logrank.csv")

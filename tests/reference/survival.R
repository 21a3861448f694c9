# Kaplan-Meier curves, quantiles and landmark rates by R's survival package.
#
# Takes gastric-xelox.csv and tqb2450-ib-02.csv from the folder of this script;
# writes survival_data.csv, survival_curves.csv, survival_quantiles.csv and
# survival_rates.csv to the folder given as first argument (default: the same).
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

each <- function(f) do.call(rbind, lapply(sets, f))
save_table(each(curve_rows), "survival_curves.csv")
save_table(each(function(s) do.call(rbind, lapply(TRANSFORMS, function(t)
  rbind(quantile_rows(s, t, FALSE), quantile_rows(s, t, TRUE))))), "survival_quantiles.csv")
save_table(each(function(s) do.call(rbind, lapply(TRANSFORMS, function(t) rate_rows(s, t)))),
           "survival_rates.csv")

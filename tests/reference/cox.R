# Cox models by R's survival: maximum, profile likelihood, Firth's penalty.
#
# survival has no profile limits and no penalty of Firth's: limits are found by uniroot on
# coxph's fit with the coefficient as an offset; the penalised likelihood is log likelihood +
# log det(information)/2, both as coxph has them at a given beta (no iteration), maximised
# by optim, its profile limits by uniroot. Writes cox_data.csv and cox.csv to the folder
# given as first argument (default: that of this script). Knows nothing of onearm.
#
#   Rscript cox.R [folder]

suppressPackageStartupMessages(library(survival))

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
given <- commandArgs(TRUE)
target <- if (length(given) > 0) given[1] else here

digits17 <- function(x) ifelse(is.na(x) | is.infinite(x), "", sprintf("%.17g", x))

save_table <- function(rows, name) {
  numbers <- vapply(rows, is.numeric, TRUE)
  rows[numbers] <- lapply(rows[numbers], digits17)
  file <- file(file.path(target, name), "w")
  writeLines(sprintf("# %s; survival %s; cox.R", R.version.string, packageVersion("survival")), file)
  write.csv(rows, file, row.names = FALSE, quote = FALSE)
  close(file)
}

frame <- function(time, status, x1, x2 = NA, start = 0)
  data.frame(start = start, time = time, status = as.integer(status), x1 = x1, x2 = x2)

tqb <- read.csv(file.path(here, "tqb2450-ib-02.csv"), comment.char = "#")
pfs <- tqb[tqb$endpoint == "PFS", ]
os <- tqb[tqb$endpoint == "OS", ]
sets <- list(
  ovarian_rx = with(ovarian, frame(futime, fustat, rx)),
  ovarian_age = with(ovarian, frame(futime, fustat, age)),
  ovarian_both = with(ovarian, frame(futime, fustat, rx, age)),
  aml = with(aml, frame(time, status, as.integer(x == "Maintained"))),
  heart = with(heart, frame(stop, event, as.integer(transplant) - 1, age, start)),
  tqb_pfs_asps = frame(pfs$days, pfs$event, as.integer(pfs$histology == "ASPS")),
  tqb_os_asps = frame(os$days, os$event, as.integer(os$histology == "ASPS")),
  group_without_event = frame(c(5, 6, 7, 8, 9, 10, 11, 12), rep(1:0, each = 4), c(0, 0, 0, 0, 1, 1, 1, 0)),
  events_in_one_order = frame(c(1, 2, 3, 4, 5), c(1, 1, 1, 1, 0), c(9, 7, 4, 3, 1)))
suppressWarnings(RNGversion("4.0.0"))
set.seed(20221101)
for (i in 1:25) {
  n <- sample(c(12, 30, 50), 1)
  x1 <- if (i %% 2) rbinom(n, 1, 0.4) else round(rnorm(n), 1)
  x1[1:2] <- 0:1
  x2 <- if (i %% 3 == 0) rnorm(n) else NA
  time <- ceiling(rexp(n, 0.1 * exp(0.5 * x1)))
  start <- if (i %% 5 == 0) floor(time * runif(n, 0, 0.9)) else 0
  sets[[sprintf("random-%02d", i)]] <- frame(time, rbinom(n, 1, 0.7), x1, x2, start)
}

data <- do.call(rbind, Map(function(name, d) cbind(dataset = name, d), names(sets), sets))
save_table(data, "cox_data.csv")

TIGHT <- coxph.control(eps = 1e-13, iter.max = 200, toler.chol = 1e-14)
STILL <- coxph.control(iter.max = 0)

formula_of <- function(names)
  as.formula(paste("Surv(start, time, status) ~", paste(names, collapse = " + ")))

quiet <- function(x) suppressWarnings(x)

# What coxph fits, without the work on its formula: agreg.fit is what it calls for these data.
fit_at <- function(d, names, ties, init, control, offset = numeric(nrow(d)))
  quiet(agreg.fit(as.matrix(d[names]), aeqSurv(Surv(d$start, d$time, d$status)), NULL,
                  offset - mean(offset), init, control, NULL, ties, NULL,
                  resid = FALSE, nocenter = c(-1, 0, 1)))

# The log likelihood with coefficient r at b and the others at their best.
profile <- function(d, names, r, b, ties) {
  others <- names[-r]
  if (length(others) == 0) return(fit_at(d, names, ties, b, STILL)$loglik[2])
  fit_at(d, others, ties, NULL, TIGHT, d[[names[r]]] * b)$loglik[2]
}

penalised <- function(d, names, beta, ties) {
  fit <- fit_at(d, names, ties, beta, STILL)
  fit$loglik[2] - determinant(as.matrix(fit$var))$modulus / 2
}

# The penalised log likelihood with coefficient r at b.
penalised_profile <- function(d, names, r, b, ties, start) {
  if (length(names) == 1) return(penalised(d, names, b, ties))
  best <- optimize(function(other) {
    beta <- numeric(2); beta[r] <- b; beta[-r] <- other
    penalised(d, names, beta, ties)
  }, start[-r] + c(-3, 3) / sd(d[[names[-r]]]), maximum = TRUE, tol = 1e-12)
  best$objective
}

limit <- function(lost, at, scale, side) {
  far <- at + side * scale
  for (i in 1:12) {
    if (lost(far) < 0) return(uniroot(lost, sort(c(at, far)), tol = 1e-11)$root)
    far <- at + (far - at) * 1.7
    if (abs(far - at) > 60 * scale) break
  }
  NA
}

rows <- do.call(rbind, Map(function(name, d) {
  names <- if (all(is.na(d$x2))) "x1" else c("x1", "x2")
  do.call(rbind, lapply(c("efron", "breslow"), function(ties) {
    fit <- quiet(coxph(formula_of(names), d, ties = ties, control = TIGHT))
    half <- qchisq(0.95, 1) / 2
    firth <- if (length(names) == 1)
      optimize(function(b) penalised(d, names, b, ties), c(-8, 8) / sd(d$x1), maximum = TRUE, tol = 1e-12)
    else {
      found <- optim(c(0, 0), function(b) -penalised(d, names, b, ties), method = "BFGS",
                     control = list(reltol = 1e-15, parscale = 1 / c(sd(d$x1), sd(d$x2))))
      found <- optim(found$par, function(b) -penalised(d, names, b, ties), method = "Nelder-Mead",
                     control = list(reltol = 1e-16, maxit = 5000))
      list(maximum = found$par, objective = -found$value)
    }
    do.call(rbind, lapply(seq_along(names), function(r) {
      b <- unname(coef(fit)[r])
      scale <- 1 / sd(d[[names[r]]])
      is_monotone <- abs(b) * diff(range(d[[names[r]]])) > 15
      lost <- function(x) profile(d, names, r, x, ties) - fit$loglik[2] + half
      lost_firth <- function(x)
        penalised_profile(d, names, r, x, ties, firth$maximum) - firth$objective + half
      error <- sqrt(diag(fit$var))[r]
      data.frame(dataset = name, ties = ties, covariate = names[r],
        monotone = as.integer(is_monotone),
        coef = if (is_monotone) NA else b, std_error = if (is_monotone) NA else error,
        loglik_null = fit$loglik[1], loglik = fit$loglik[2], score = fit$score,
        lower = if (is_monotone && b < 0) NA else limit(lost, max(min(b, 8 * scale), -8 * scale), scale, -1),
        upper = if (is_monotone && b > 0) NA else limit(lost, max(min(b, 8 * scale), -8 * scale), scale, 1),
        firth = firth$maximum[r], firth_objective = as.numeric(firth$objective),
        firth_lower = limit(lost_firth, firth$maximum[r], scale, -1),
        firth_upper = limit(lost_firth, firth$maximum[r], scale, 1))
    }))
  }))
}, names(sets), sets))
save_table(rows, "cox.csv")

# The models of a whole trial by R: response, PFS and OS by biomarker, immune-related events.
#
# Takes nct07083375.csv from the folder of this script: one row a subject, with the days as
# onearm derived them (a test holds the two equal). Writes markers.csv to the folder given as
# first argument (default: the same). Needs survival and cmprsk. Knows nothing of onearm.
#
#   Rscript markers.R [folder]

suppressPackageStartupMessages({library(survival); library(cmprsk)})

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
given <- commandArgs(TRUE)
target <- if (length(given) > 0) given[1] else here
d <- read.csv(file.path(here, "nct07083375.csv"), comment.char = "#")

found <- list()
say <- function(id, value) found[[length(found) + 1]] <<- data.frame(id = id, value = sprintf("%.17g", value))

hazard <- function(id, fit) {
  s <- summary(fit)
  say(paste0(id, "/hazard_ratio"), exp(unname(coef(fit))))
  say(paste0(id, "/wald_lower"), s$conf.int[3])
  say(paste0(id, "/wald_upper"), s$conf.int[4])
  say(paste0(id, "/p_value"), unname(pchisq(2 * diff(fit$loglik), 1, lower.tail = FALSE)))
}

known <- d[d$slfn11 != "", ]
known$positive <- as.integer(known$slfn11 == "POSITIVE")
fisher <- fisher.test(matrix(c(sum(known$response & known$positive), sum(!known$response & known$positive),
                               sum(known$response & !known$positive), sum(!known$response & !known$positive)),
                             2, byrow = TRUE))
say("biomarker-response/all/marker:slfn11/p_value", fisher$p.value)
numbers <- d[!is.na(d$tmb), ]
say("biomarker-response/all/marker:tmb/auc",
    unname(wilcox.test(numbers$tmb[numbers$response == 1], numbers$tmb[numbers$response == 0],
                       exact = FALSE)$statistic) / (sum(numbers$response == 1) * sum(numbers$response == 0)))
TIGHT <- coxph.control(eps = 1e-12, iter.max = 100, toler.chol = 1e-14)
for (endpoint in c("pfs", "os")) {
  time <- paste0(endpoint, "_days"); event <- paste0(endpoint, "_event")
  f <- function(x) as.formula(sprintf("Surv(%s, %s) ~ %s", time, event, x))
  hazard(sprintf("biomarker-%s/all/marker:slfn11", endpoint), coxph(f("positive"), known, control = TIGHT))
  say(sprintf("biomarker-%s/all/marker:slfn11/logrank_chi_square", endpoint), survdiff(f("positive"), known)$chisq)
  hazard(sprintf("biomarker-%s/all/marker:tmb", endpoint), coxph(f("tmb"), numbers, control = TIGHT))

  # The immune-related event as a covariate from the day after its onset.
  parts <- do.call(rbind, lapply(seq_len(nrow(d)), function(i) {
    days <- d[[time]][i]; status <- d[[event]][i]; onset <- d$onset[i]
    if (is.na(onset) || onset >= days) data.frame(start = 0, stop = days, status = status, had = 0)
    else data.frame(start = c(0, onset), stop = c(onset, days), status = c(0, status), had = 0:1)
  }))
  hazard(sprintf("irae-hazard/all/%s", endpoint), coxph(Surv(start, stop, status) ~ had, parts, control = TIGHT))
  for (weeks in c(6, 12, 18)) {
    day <- 7 * weeks
    kept <- d[d[[time]] > day, ]
    kept$had <- as.integer(!is.na(kept$onset) & kept$onset <= day)
    kept$after <- kept[[time]] - day
    id <- sprintf("irae-landmark/all/%s:week-%d", endpoint, weeks)
    say(paste0(id, "/included"), nrow(kept))
    if (length(unique(kept$had)) == 2)
      hazard(id, coxph(as.formula(sprintf("Surv(after, %s) ~ had", event)), kept, control = TIGHT))
    for (had in 0:1) if (any(kept$had == had)) {
      fit <- survfit(as.formula(sprintf("Surv(after, %s) ~ 1", event)), kept[kept$had == had, ])
      name <- if (had) "with-event" else "without-event"
      m <- summary(fit)$table["median"]
      if (!is.na(m)) say(sprintf("%s:%s/median", id, name), unname(m))
    }
  }
}
incidence <- cuminc(d$irae_days, d$irae_cause)
for (name in c(`6` = "rate_6_months", `12` = "rate_12_months")) {
  months <- as.numeric(sub("rate_(.*)_months", "\\1", name))
  at <- timepoints(incidence["1 1"], months * 30.4375)
  f <- at$est[1]; error <- sqrt(at$var[1]); half <- qnorm(0.975) * error / (f * log(f))
  say(sprintf("irae-incidence/all/%s", name), f)
  say(sprintf("irae-incidence/all/%s_lower", name), f^exp(-half))
  say(sprintf("irae-incidence/all/%s_upper", name), f^exp(half))
}
file <- file(file.path(target, "markers.csv"), "w")
writeLines(sprintf("# %s; survival %s, cmprsk %s; markers.R", R.version.string,
                   packageVersion("survival"), packageVersion("cmprsk")), file)
write.csv(do.call(rbind, found), file, row.names = FALSE, quote = FALSE)
close(file)

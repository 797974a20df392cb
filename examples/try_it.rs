use orchestra_flow::{base::report, host::rehearse, lang};
struct Disk(std::path::PathBuf);
impl lang::Files for Disk {
    fn read(&self, p: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(p)).or_else(|_| std::fs::read_to_string(p)).map_err(|e| e.to_string())
    }
}
fn main() {
    std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(|| {
            let (mut good, mut bad) = (0, 0);
            for f in std::env::args().skip(1) {
                let text = std::fs::read_to_string(&f).unwrap();
                let c = lang::compile(&f, &text, &Disk(std::path::Path::new(&f).parent().unwrap().to_path_buf()));
                if !c.diagnostics.is_empty() {
                    print!("{}", report::to_text(&c.diagnostics, &c.sources, false));
                }
                let Some(p) = c.package else {
                    println!("NO PACKAGE {f}");
                    bad += 1;
                    continue;
                };
                for t in &p.tests {
                    let v = rehearse::rehearse(&p, t, rehearse::Rehearsal { seed: None });
                    if v.passed() {
                        good += 1;
                        println!("ok   {f}: {}", v.title);
                    } else {
                        bad += 1;
                        println!("FAIL {f}: {} ({})", v.title, v.elapsed);
                        for x in &v.failures {
                            let pos = c.sources.positions(x.span).0;
                            println!("     {}: {}", pos.line, x.message);
                            for d in &x.details {
                                println!("        {d}");
                            }
                        }
                        if std::env::var("J").is_ok() {
                            for r in &v.journal {
                                println!("   {} {:?}", r.at, r.event);
                            }
                        }
                    }
                }
            }
            println!("{good} good, {bad} bad");
        })
        .unwrap()
        .join()
        .unwrap();
}

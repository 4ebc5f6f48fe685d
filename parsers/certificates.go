package parsers

import (
	"crypto/x509"
	"encoding/pem"
	"regexp"
	"strconv"
	"strings"
	"time"

	"coldcase/fact"
)

// Certificate is the public part of an X.509 certificate.
type Certificate struct {
	File      string    `cel:"file" json:"file"` // path, or kubeadm's name for it: apiserver, admin.conf; empty when unknown
	Subject   string    `cel:"subject" json:"subject"`
	Issuer    string    `cel:"issuer" json:"issuer"`
	NotBefore time.Time `cel:"notBefore" json:"notBefore,omitzero"` // kubeadm does not tell
	NotAfter  time.Time `cel:"notAfter" json:"notAfter"`
	// Left is the time from collection, or from kubeadm's run, to NotAfter: negative when it is over, and 0 when neither is known.
	Left    time.Duration `cel:"left" json:"left"`
	Expired bool          `cel:"expired" json:"expired"` // at that time
	CA      bool          `cel:"ca" json:"ca"`
	Names   []string      `cel:"names" json:"names"` // DNS names and addresses of the subject
}

// FactKind implements fact.Value.
func (Certificate) FactKind() fact.Kind { return "certificate" }

var _ = register(Parser{
	Name:      "certificates",
	Doc:       "certificates in PEM, as openssl x509 prints them (-text, -dates, -subject, -ext), and kubeadm certs check-expiration",
	Artifacts: []string{"node/certificates"},
	Facts:     []fact.Value{Certificate{}},
	Parse:     parseCertificates,
})

var (
	certSection = regexp.MustCompile(`^==> (.+) <==$`)
	certCommand = regexp.MustCompile(`openssl x509 .*-in[ =](\S+)`)
	certHeading = regexp.MustCompile(`^(?:#+ |-+ |=+ )?(\S+\.(?:crt|pem|cer|conf)):?(?: =+)?$`)
	certPair    = regexp.MustCompile(`^\s*(subject|issuer|Subject|Issuer|notBefore|notAfter|Not Before|Not After)\s*[:=]\s*(.*)$`)
	certNames   = regexp.MustCompile(`(?:DNS|IP Address):([^,\s]+)`)
	certKubeadm = regexp.MustCompile(`^(\S+) +([A-Z][a-z]{2} \d\d, \d{4} \d\d:\d\d UTC) +(<invalid>|\d+[a-z]+)(?: |$)(.*)$`)
	certLeft    = regexp.MustCompile(`^(\d+)([smhdy])$`)
	certNoise   = regexp.MustCompile(`^(?:CERTIFICATE |\[(?:check-expiration|upgrade|coldcase)|!MISSING!|W\d{4} |Certificate:$|-----)|` +
		`^\s+(?:Data:|Version: |Serial Number|Signature |Validity|Subject Public Key|Public[- ]Key|RSA Public|Modulus|Exponent|X509v3 |[0-9a-fA-F]{2}:|Digital Signature|TLS Web|keyid:|CA:|pub:|ASN1 OID|NIST CURVE|Public-Key|DirName:|serial:)|^X509v3 |^[0-9a-f]{16,}$`)
)

// certReader is what is known of the certificate that is being read.
type certReader struct {
	in          *Input
	file        string
	cert        Certificate
	first, last int
}

func parseCertificates(in *Input) error {
	r := &certReader{in: in}
	for n, line, ok := in.Scan(); ok; n, line, ok = in.Scan() {
		switch {
		case line == "-----BEGIN CERTIFICATE-----":
			r.flush()
			r.pem(n)
		case r.heading(n, line):
		case r.kubeadm(n, line):
		case r.field(n, line):
		case certNoise.MatchString(line), isPrompt(line):
			r.cert.CA = r.cert.CA || strings.Contains(line, "CA:TRUE") && r.first > 0
			in.Skip(n, n)
		}
	}
	r.flush()
	return nil
}

// heading takes the file's name from what stands above a certificate.
func (r *certReader) heading(n int, line string) bool {
	for _, re := range []*regexp.Regexp{certSection, certCommand, certHeading} {
		if m := re.FindStringSubmatch(line); m != nil {
			r.flush()
			r.file = m[1]
			r.in.Skip(n, n)
			return true
		}
	}
	return false
}

// field reads one line of openssl. Dates are the last that is certain of a certificate: a second end begins another one.
func (r *certReader) field(n int, line string) bool {
	if names := certNames.FindAllStringSubmatch(line, -1); names != nil && r.first > 0 {
		for _, m := range names {
			r.cert.Names = append(r.cert.Names, m[1])
		}
		r.in.Skip(n, n)
		return true
	}
	m := certPair.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	key := strings.ToLower(strings.ReplaceAll(m[1], " ", ""))
	if key == "issuer" && r.cert.Issuer != "" || key == "subject" && r.cert.Subject != "" ||
		key == "notbefore" && !r.cert.NotBefore.IsZero() || key == "notafter" && !r.cert.NotAfter.IsZero() {
		r.flush()
	}
	switch key {
	case "subject":
		r.cert.Subject = certName(m[2])
	case "issuer":
		r.cert.Issuer = certName(m[2])
	case "notbefore":
		r.cert.NotBefore = certTime(m[2])
	case "notafter":
		r.cert.NotAfter = certTime(m[2])
	}
	if r.first == 0 {
		r.first = n
	}
	if key == "notafter" {
		r.last = n
	}
	r.in.Skip(n, n)
	return true
}

// certName writes the three ways in which releases of openssl print a name alike: "/O=a/CN=b", "O = a, CN = b", "O=a, CN=b".
func certName(s string) string {
	if strings.HasPrefix(s, "/") {
		s = strings.ReplaceAll(s[1:], "/", ", ")
	}
	return strings.ReplaceAll(s, " = ", "=")
}

func certTime(s string) time.Time {
	t, _ := time.Parse("Jan _2 15:04:05 2006 MST", s) // zero when it is none
	return t
}

// kubeadm reads a row of the table of kubeadm certs check-expiration.
func (r *certReader) kubeadm(n int, line string) bool {
	m := certKubeadm.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	r.flush()
	end, err := time.Parse("Jan 02, 2006 15:04 MST", m[2])
	if err != nil {
		return false
	}
	c := Certificate{File: m[1], NotAfter: end, Names: []string{}}
	if rest := strings.Fields(m[4]); len(rest) > 1 {
		c.Issuer = rest[0]
	} else {
		c.CA = true
	}
	if left := certLeft.FindStringSubmatch(m[3]); left != nil {
		count, _ := strconv.ParseInt(left[1], 10, 64) // digits
		unit := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "y": 365 * 24 * time.Hour}[left[2]]
		c.Left = time.Duration(min(count, 200)) * unit
		if count < 1000 && unit <= 24*time.Hour {
			c.Left = time.Duration(count) * unit
		}
	} else {
		c.Expired, c.Left = true, min(r.left(end), 0)
	}
	r.in.Emit(n, n, c)
	return true
}

func (r *certReader) left(end time.Time) time.Duration {
	if r.in.At.IsZero() {
		return 0
	}
	return end.Sub(r.in.At).Truncate(time.Second)
}

// pem reads one block of base64. Only its first line is quoted: the rest tells a person nothing.
func (r *certReader) pem(first int) {
	const most = 400 // lines; a certificate has some thirty
	block := []byte{}
	last := first
	for n := first; n <= r.in.Text.Lines() && n < first+most; n++ {
		line := strings.TrimSpace(string(r.in.Text.Line(n)))
		block = append(append(block, line...), '\n')
		if last = n; line == "-----END CERTIFICATE-----" {
			break
		}
	}
	p, _ := pem.Decode(block)
	if p == nil {
		return
	}
	x, err := x509.ParseCertificate(p.Bytes)
	if err != nil {
		return
	}
	c := Certificate{
		File: r.file, Subject: x.Subject.String(), Issuer: x.Issuer.String(), NotBefore: x.NotBefore.UTC(), NotAfter: x.NotAfter.UTC(),
		CA: x.IsCA, Names: append([]string{}, x.DNSNames...),
	}
	for _, ip := range x.IPAddresses {
		c.Names = append(c.Names, ip.String())
	}
	c.Left = r.left(c.NotAfter)
	c.Expired = c.Left < 0
	r.in.Skip(first, last)
	r.in.Emit(first, first, c)
	for r.in.next < last {
		r.in.Scan()
	}
}

// flush emits the certificate that was read line by line, if its end is known.
func (r *certReader) flush() {
	if r.first > 0 && !r.cert.NotAfter.IsZero() {
		r.cert.File, r.cert.Left = r.file, r.left(r.cert.NotAfter)
		r.cert.Expired = r.cert.Left < 0
		if r.cert.Names == nil {
			r.cert.Names = []string{}
		}
		r.in.Emit(r.first, r.last, r.cert)
	}
	r.cert, r.first, r.last = Certificate{}, 0, 0
}
